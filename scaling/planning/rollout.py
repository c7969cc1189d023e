"""The error of the critical ratio itself: predicted from the smaller sizes, measured at the size held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scaling.fitting.validation import Validation
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.plan import critical_ratio
from scaling.runs import Runs


@dataclass(frozen=True)
class CriticalError:
    """One size held out. predicted: all from the smaller sizes, the base loss too, with its interval (NaN without
    draws); given_base: the same with the size's own base loss; measured: interpolated in its finished runs (NaN where
    they do not enclose it); tokens: theirs. Predictions are NaN where the status says so."""

    params: float
    tokens: float
    predicted: float
    low: float
    high: float
    given_base: float
    measured: float
    status: str

    @property
    def error(self) -> float:
        """Predicted less measured, in ratio."""
        return self.predicted - self.measured

    def to_json_dict(self) -> dict[str, Any]:
        """All numbers and the error; NaN as None."""
        values = {**vars(self), "error": self.error}
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()}


def critical_ratio_errors(
    validation: Validation, runs: Runs, tolerance: float = 0.05, *, relative: bool = False, level: float = 0.9
) -> list[CriticalError]:
    """The critical ratio predicted and measured at every size that a validation over params held out.

    tolerance: nats per token, or a share of the base loss with `relative`. level: of the
    intervals. Empty for other hold-outs, for a fit of several domains, and where the table has no general loss or no base loss.
    """
    if validation.hold_out != "params" or "general" not in runs.corpora:
        return []
    table = measured_critical_ratio(runs, tolerance, relative=relative)
    measured = {float(n): (float(d), float(r)) for n, d, r in table[["params", "tokens", "ratio"]].to_numpy()}
    base = {float(n): float(loss) for n, loss in runs.base("general")[["params", "loss"]].to_numpy()}
    found = []
    for group in validation.groups:
        size, general = group.split.value, group.fit.general
        if general is None or size not in measured or len(general.others) > 1:
            continue
        tokens, ratio = measured[size]
        plan = critical_ratio(group.fit, size, tokens, tolerance, relative=relative, level=level)
        given = critical_ratio(group.fit, size, tokens, tolerance, relative=relative, base_general_loss=base[size])
        found.append(CriticalError(size, tokens, plan.value, *plan.interval, given.value, ratio, plan.status))
    return found
