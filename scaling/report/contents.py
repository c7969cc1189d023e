"""What a report says, before it is a page: the plan, how sure it is, the figures, and what was fitted to what."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.validation import Validation, validate_law
from scaling.planning import critical_ratio, measured_critical_ratio
from scaling.planning.measured import CriticalError, critical_ratio_errors
from scaling.planning.plan import Plan
from scaling.report.figures import Figure, figures
from scaling.runs import Runs
from scaling.version import VERSION

PACKAGES = ("numpy", "scipy", "pandas", "matplotlib")


@dataclass(frozen=True, eq=False)
class Contents:
    """Everything on the page. rollouts: hold-outs that the table has; skipped:
    what could not be held out, and why. critical: predicted and measured critical ratios of held-out sizes. chosen: whether
    somebody named the target, or it is the largest probe."""

    runs: Runs
    fit: Fit
    plan: Plan
    chosen: bool
    rollouts: tuple[Validation, ...]
    skipped: tuple[str, ...]
    critical: tuple[CriticalError, ...]
    measured: pd.DataFrame
    figures: tuple[Figure, ...]
    versions: Mapping[str, str]


def gather(
    runs: Runs,
    fit: Fit,
    params: float | None = None,
    tokens: float | None = None,
    watch: Callable[[float], None] = lambda done: None,
    **asked: Any,
) -> Contents:
    """Plan, validate and draw. asked: the other fields of a `Target`; params and tokens are by default the largest probed.
    watch: called with the share that is done.

    Raises InputError as `critical_ratio` does.
    """
    if fit.general is None:
        raise InputError(f"{runs.source}: a report needs the general loss, and the table has none")
    if runs.frame["ratio"].isna().all():
        raise InputError(f"{runs.source}: column ratio is missing, and a report is about ratios")
    ranges = fit.general.ranges
    where = (ranges["params"][1] if params is None else params, ranges["tokens"][1] if tokens is None else tokens)
    plan = critical_ratio(fit, *where, **asked)
    allowed: dict[str, Any] = {"tolerance": plan.target.tolerance, "relative": plan.target.relative}
    rollouts, skipped = _rollouts(runs, fit, watch)
    by_size = next((one for one in rollouts if one.hold_out == "params"), None)
    critical = critical_ratio_errors(by_size, runs, level=plan.target.level, **allowed) if by_size else []
    return Contents(
        runs=runs,
        fit=fit,
        plan=plan,
        chosen=params is not None and tokens is not None,
        rollouts=tuple(rollouts),
        skipped=tuple(skipped),
        critical=tuple(critical),
        measured=measured_critical_ratio(runs, **allowed),
        figures=tuple(figures(runs, fit, plan, rollouts, lambda done: watch(0.4 + 0.6 * done))),
        versions={"scaling": VERSION, "python": platform.python_version(), **_versions()},
    )


def _rollouts(runs: Runs, fit: Fit, watch: Callable[[float], None]) -> tuple[list[Validation], list[str]]:
    found, skipped = [], []
    if fit.provenance.rows != len(runs.frame):
        skipped.append(
            f"the hold-outs below are of the {len(runs.frame)} rows of this domain alone, the answer is from a fit to all "
            f"{fit.provenance.rows}"
        )
    for done, hold_out in enumerate(("params", "tokens", "ratio")):
        watch((1 + done) / 9)
        try:
            draws = len(fit.general.draws) if hold_out == "params" and fit.general else 0
            found.append(validate_law(runs, fit.law.name, hold_out, draws=draws))
        except InputError as reason:
            skipped.append(f"nothing held out over {hold_out}: {str(reason).removeprefix(f'{runs.source}: ')}")
    return found, skipped


def _versions() -> dict[str, str]:
    known = {}
    for name in PACKAGES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:  # vendored or run from a source tree
            continue
    return known
