"""Pictures: one function each, which draws on the Axes it is given or makes one, and returns it; `plot_fit` a Figure."""

from scaling.plotting.critical import plot_critical_ratio
from scaling.plotting.critical_tokens import plot_critical_ratio_by_tokens
from scaling.plotting.panels import plot_fit
from scaling.plotting.parameters import plot_parameters
from scaling.plotting.quality import plot_observed_predicted, plot_residuals
from scaling.plotting.ratio import plot_loss_by_ratio
from scaling.plotting.rollout import plot_rollout
from scaling.plotting.surface import plot_surface
from scaling.plotting.tokens import plot_loss_by_tokens
from scaling.plotting.tradeoff import plot_tradeoff

__all__ = [
    "plot_critical_ratio",
    "plot_critical_ratio_by_tokens",
    "plot_fit",
    "plot_loss_by_ratio",
    "plot_loss_by_tokens",
    "plot_observed_predicted",
    "plot_parameters",
    "plot_residuals",
    "plot_rollout",
    "plot_surface",
    "plot_tradeoff",
]
