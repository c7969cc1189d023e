"""The early transient: in continued pre-training the general loss first rises, then falls.

A law that says it cannot follow that is wrong there. `choose_burn_in` leaves out the beginning of every run.

The rule, where none is given: if the general loss rises and then falls in a fifth of the runs (a law of differences is
asked in any case, of its general loss alone: it follows the rise, but not the warm-up), fit each candidate burn-in to the
checkpoints up to two thirds of each run's tokens, score it on the checkpoints after that (mean |residual| on the
objective's scale, over the corpora), and take the smallest candidate within 10 % of the best score. Candidates that leave
fewer than three checkpoints a run to fit are not tried. The score is a rollout, because in the rows it was fitted to a
longer burn-in always looks better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scaling.arrays import Array, Index, Mask
from scaling.errors import InputError
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.solver import Options
from scaling.fitting.estimation.estimate import Estimation, Task, estimates
from scaling.fitting.estimation.sample import Sample
from scaling.laws import Law
from scaling.notes import Note, note
from scaling.runs import Runs
from scaling.stages import units

CANDIDATES = (0.0, 1 / 8, 1 / 4, 1 / 3, 1 / 2)
_ROLLOUT_FROM, _LEAST_CHECKPOINTS, _TOLERANCE = 2 / 3, 3, 1.1
_FEW, _JITTERS = 0.2, 5.0


@dataclass(frozen=True)
class BurnIn:
    """The burn-in used, and what a user should know about it."""

    value: float
    warnings: tuple[Note, ...] = ()


def transient_runs(runs: Runs) -> list[str]:
    """The runs whose general loss rises and then falls by more than its own jitter, base loss included where there is
    one. The ends of a trunk's branches are one run."""
    frame = runs.frame
    if "general_loss" not in frame:
        return []
    frame = frame[frame["general_loss"].notna()].sort_values("tokens", kind="stable")
    base = dict(zip(runs.base("general")["params"], runs.base("general")["loss"], strict=True))
    found = []
    for name, rows in frame.groupby(units(frame)):
        losses = rows["general_loss"].to_numpy(float)
        start = base.get(rows["params"].iloc[0])
        if start is not None and rows["tokens"].iloc[0] > 0:
            losses = np.concatenate([[start], losses])
        if rises_then_falls(losses):
            found.append(str(name))
    return found


def rises_then_falls(losses: Array) -> bool:
    """True if the highest loss is inside the run and stands out at both ends by five times the jitter and 0.1 %."""
    if len(losses) < 5:
        return False
    top = int(np.argmax(losses))
    if top in (0, len(losses) - 1):
        return False
    # Third differences of a smooth curve with independent noise have sqrt(20) times the noise's standard deviation.
    jitter = 1.4826 * float(np.median(np.abs(np.diff(losses, 3)))) / np.sqrt(20)
    margin = max(_JITTERS * jitter, 1e-3 * float(losses[top]))
    return bool(losses[top] - losses[0] > margin and losses[top] - losses[-1] > margin)


def late_rows(made: Sample, burn_in: float) -> Mask:
    """The rows (n,) after the burn-in of their run; rounding of token counts does not matter."""
    return progress(made.x["tokens"], made.run) >= burn_in - 1e-9


def progress(tokens: Array, run: Index) -> Array:
    """Tokens (n,) as a share of the last checkpoint of their run (n,); 0 for a run without training."""
    last = np.zeros(int(run.max()) + 1)
    np.maximum.at(last, run, tokens)
    return np.asarray(tokens / np.where(last > 0, last, 1.0)[run])


def choose_burn_in(
    runs: Runs,
    samples: Mapping[str, Sample],
    laws: Mapping[str, Law],
    objectives: Mapping[str, Objective],
    options: Options,
    given: float | None,
) -> BurnIn:
    """The burn-in given, or the one that the rule above chooses."""
    stiff = any("tokens" in law.variables and not law.follows_rise for law in laws.values())
    general = laws.get("general")
    if stiff and given is None and general is not None and general.target == "delta":
        # It follows a slow rise; what it does not know is the warm-up, which shows in its own misses alone.
        value = _chosen({"general": samples["general"]}, laws, objectives, options)
        return BurnIn(value, (note("warm_up_left_out", share=value),)) if value else BurnIn(0.0)
    rising = transient_runs(runs) if stiff else []
    total = units(runs.frame[runs.frame["tokens"] > 0]).nunique()
    some = f"{', '.join(rising[:2])}, ..." if len(rising) > 2 else ", ".join(rising)

    seen: dict[str, Any] = {"rising": len(rising), "total": total, "some": some}
    if given is not None:
        return BurnIn(given, (note("rise_burn_in_given", **seen, share=given),) if rising else ())
    if not rising:
        return BurnIn(0.0)
    if len(rising) < _FEW * total:
        return BurnIn(0.0, (note("rise_in_few", **seen),))
    value = _chosen(samples, laws, objectives, options)
    if value is None:
        return BurnIn(0.0, (note("rise_unmeasured", **seen),))
    if not value:
        return BurnIn(value, (note("rise_kept", **seen),))
    return BurnIn(value, (note("rise_left_out", **seen, share=value),))


def _chosen(
    samples: Mapping[str, Sample], laws: Mapping[str, Law], objectives: Mapping[str, Objective], options: Options
) -> float | None:
    """The candidate that the rule above takes; None where the runs have too few checkpoints for any."""
    tasks: dict[tuple[float, str], Task] = {}
    for burn_in in CANDIDATES:
        fitted = {c: _fitted(made, burn_in) for c, made in samples.items()}
        if all(mask is not None for mask in fitted.values()):
            tasks |= {
                (burn_in, c): Task(samples[c].select(mask), laws[c], objectives[c], options)
                for c, mask in fitted.items()
                if mask is not None
            }
    done = dict(zip(tasks, estimates(list(tasks.values())), strict=True))
    scores = {}
    for burn_in in dict.fromkeys(burn_in for burn_in, _ in tasks):
        own = {c: done[burn_in, c] for c in samples}
        if not any(isinstance(one, InputError) for one in own.values()):
            missed = [_missed(samples[c], one) for c, one in own.items() if isinstance(one, Estimation)]
            scores[burn_in] = float(np.mean(np.concatenate(missed)))
    tried = {b: s for b, s in scores.items() if np.isfinite(s)}
    return min(b for b, s in tried.items() if s <= _TOLERANCE * min(tried.values())) if tried else None


def _counts(some: Index, runs: Index) -> Index:
    """How many of the rows in `some` each run has: (k,) over the runs, 0 for one that has none."""
    return np.bincount(some, minlength=int(runs.max()) + 1)[np.unique(runs)]


def _fitted(made: Sample, burn_in: float) -> Mask | None:
    """The rows (n,) between the burn-in and the last third of every run; None where runs have too few of them."""
    share = progress(made.x["tokens"], made.run)
    fitted = (share >= burn_in - 1e-9) & (share <= _ROLLOUT_FROM)
    enough = fitted.any() and np.median(_counts(made.run[fitted], made.run)) >= _LEAST_CHECKPOINTS
    return fitted if enough else None


def _missed(made: Sample, done: Estimation) -> Array:
    """|residual| on the last third of every run."""
    left = made.select(progress(made.x["tokens"], made.run) > _ROLLOUT_FROM)
    predicted = done.law.value(done.full_theta(done.optimum.q), left.x)
    return np.abs(done.objective.link(predicted) - done.objective.target(left.observed))
