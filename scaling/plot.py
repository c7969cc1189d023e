"""Pictures, `scaling.plot.tradeoff(fit, ...)`: one function each, which draws on the Axes it is given or makes one.

Each returns its Axes; `fit` returns a Figure of several.
"""

from scaling.plotting.critical import plot_critical_ratio as critical_ratio
from scaling.plotting.critical_tokens import plot_critical_ratio_by_tokens as critical_ratio_by_tokens
from scaling.plotting.panels import plot_fit as fit
from scaling.plotting.parameters import plot_parameters as parameters
from scaling.plotting.quality import plot_observed_predicted as observed_predicted
from scaling.plotting.quality import plot_residuals as residuals
from scaling.plotting.ratio import plot_loss_by_ratio as loss_by_ratio
from scaling.plotting.rollout import plot_rollout as rollout
from scaling.plotting.surface import plot_surface as surface
from scaling.plotting.tokens import plot_loss_by_tokens as loss_by_tokens
from scaling.plotting.tradeoff import plot_tradeoff as tradeoff

__all__ = [
    "critical_ratio",
    "critical_ratio_by_tokens",
    "fit",
    "loss_by_ratio",
    "loss_by_tokens",
    "observed_predicted",
    "parameters",
    "residuals",
    "rollout",
    "surface",
    "tradeoff",
]
