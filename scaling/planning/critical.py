"""The one question, the critical ratio at a target, and the three methods that answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from scaling.errors import InputError
from scaling.fitting.default import AUTO
from scaling.fitting.result import Fit
from scaling.planning.plan import Plan
from scaling.planning.target import Target
from scaling.planning.tolerance import of_fit

if TYPE_CHECKING:
    from scaling.runs import Runs

Method = Literal["law", "link", "cmr"]
METHODS: tuple[Method, ...] = get_args(Method)
_OPTION = {"link": "--route link", "cmr": "--definition cmr"}


def critical_ratio(
    source: Fit | Runs,
    target: Target | float | None = None,
    *counts: float,
    method: Method = "law",
    law: str = AUTO,
    draws: int = 200,
    seed: int = 0,
    **asked: Any,
) -> Plan:
    """The largest domain share whose general loss at the target stays within its tolerance of the base loss.

    source: a fit, or a run table. target: a `Target`, or its fields: params, tokens and tolerance in that order or by name,
    the others by name (`critical_ratio(fit, params=7e9, tokens=20e9, tolerance=0.05)`).

    method: "law" asks one law for all sizes: of a fit, or fitted to the table (`law`, `draws` and `seed` as in `fit`). The
    root is found in the fit and in every draw, with the law's misses at finished runs near it added; the interval is the
    draws' central quantiles, a draw in which no ratio passes counting as 0 and one in which all do as 1. "link" and "cmr"
    need a table: the law fitted to each size, and the CMR paper's definition, by which the general loss must also have
    turned; either carries one answer a size to the target's (`planning.link`, `planning.cmr`).

    Raises `InputError` for a target that makes no sense (not above 0, smaller than the probes), or a source without a
    general corpus. What the table cannot carry is the status "not_identified" with the reason, and so are a target more than
    1,000 times beyond the probes and a loss at or below 0: numbers in different units look so (`Target.far`).
    Source: Que et al. 2024 (arXiv 2406.01375), first use; Gu et al. 2024 (arXiv 2407.17467), definition 1.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> fit = scaling.fit(runs, draws=50)
    >>> plan = critical_ratio(fit, params=10.6e6, tokens=262144, tolerance=0.05)
    >>> plan.status, round(plan.value, 2), [round(end, 1) for end in plan.interval]
    ('ok', 0.23, [0.1, 0.3])
    >>> plan == critical_ratio(fit, scaling.Target(10.6e6, 262144))
    True
    >>> round(critical_ratio(runs, plan.target, method="link", draws=0).value, 2)
    0.26
    """
    question = Target.of(target, *counts, **asked)
    if method not in METHODS:
        raise InputError(f"method is {method!r}, but it must be one of {', '.join(METHODS)}")
    if method != "law":
        return _across(source, question, method, law, draws, seed)
    if not isinstance(source, Fit):
        from scaling.fitting.fit_runs import fit as fit_law  # reads tables, which a plan of a fit does not need

        source = fit_law(source, law, draws=draws, seed=seed)
    elif law not in (AUTO, source.law.name):
        raise InputError(
            f"{source.provenance.source}: the fit is of the law {source.law}; to plan with {law}, fit that"
        )
    return of_fit(source, question)


def _across(source: Fit | Runs, question: Target, method: Method, law: str, draws: int, seed: int) -> Plan:
    """One answer a size, carried to the target's. InputError for what these methods have no use for."""
    name = _OPTION[method]
    from scaling.planning import cmr, link  # they read tables

    if isinstance(source, Fit):
        raise InputError(f"{source.provenance.source}: {name} needs a run table, not a fit")
    if question.base_general_loss is not None or question.base_tokens is not None:
        raise InputError(
            f"base-general-loss and base-tokens cannot be used with {name}, which takes each size's own base"
        )
    if method == "link":
        return link.linked_ratio(source, question, law=law, draws=draws, seed=seed)
    if law != AUTO:
        raise InputError(f"--law cannot be combined with {name}")
    return cmr.cmr_plan(source, question, draws=draws, seed=seed)
