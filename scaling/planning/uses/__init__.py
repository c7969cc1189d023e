"""The other uses of a fit: a limited amount of domain text, a budget of compute, the whole trade-off."""
