"""Which probes to train next: what runs tell of a law's parameters, and a choice among possible ones."""
