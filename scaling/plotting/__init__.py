"""Pictures: one function each, which draws on the Axes it is given or makes one, and returns it."""

from scaling.plotting.critical import plot_critical_ratio
from scaling.plotting.ratio import plot_loss_by_ratio
from scaling.plotting.tokens import plot_loss_by_tokens
from scaling.plotting.tradeoff import plot_tradeoff

__all__ = ["plot_critical_ratio", "plot_loss_by_ratio", "plot_loss_by_tokens", "plot_tradeoff"]
