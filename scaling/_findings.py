"""What a valid run table still lacks: soft findings, one plain sentence each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scaling._schema import LOSSES
from scaling._values import base_rows, joined_values, several_values, wrong_units
from scaling.notes import Note, note
from scaling.stages import branch_rows, two_stages, units


def findings(frame: pd.DataFrame) -> tuple[Note, ...]:
    """Return the sentences for a validated run table; none is an error, each limits what a fit can say."""
    trained = frame[frame["tokens"] > 0]
    found = [
        _single(trained),
        _mixed_stages(trained),
        _mixed_runs(trained),
        _several_domains(frame),
        swapped(trained),
        wrong_units(frame),
        several_values(frame),
        joined_values(frame),
        _no_base(frame),
        _one_sided(trained),
    ]
    return tuple(sentence for group in found for sentence in group)


def decisive(frame: pd.DataFrame, several: bool = False) -> tuple[Note, ...]:
    """The findings that make every number of a fit wrong, and what was joined, so that they go wherever the fit goes.
    several: the law tells domains apart."""
    trained = frame[frame["tokens"] > 0]
    several_domains = [] if several else _several_domains(frame)
    found = [_mixed_stages(trained), _mixed_runs(trained), several_domains, swapped(trained)]
    found += [wrong_units(frame), several_values(frame), joined_values(frame)]
    return tuple(sentence for group in found for sentence in group)


def _single(trained: pd.DataFrame) -> list[Note]:
    found = []
    if units(trained).nunique() == 1:
        found.append(note("one_run"))
    if trained["params"].nunique() == 1:
        found.append(note("one_size"))
    if trained["ratio"].isna().all():
        found.append(note("no_ratio"))
    if trained["ratio"].nunique() == 1:
        found.append(note("only_ratio"))
    return found


def _mixed_stages(trained: pd.DataFrame) -> list[Note]:
    if not two_stages(trained):
        return []
    count = trained.loc[branch_rows(trained), "run"].nunique()
    which = f"{count} branches, which are" if count > 1 else "a branch, which is"
    return [note("mixed_stages", which=which)]


def _mixed_runs(trained: pd.DataFrame) -> list[Note]:
    """A trunk counts with its branches."""
    counts = trained.groupby(units(trained))[["params", "ratio"]].nunique()
    return [
        note("mixed_run", run=mixed.index[0], count=int(mixed.iloc[0]), column=column)
        for column in counts
        if len(mixed := counts[column][counts[column] > 1])
    ]


def _several_domains(frame: pd.DataFrame) -> list[Note]:
    if "domain" not in frame or frame["domain"].nunique() < 2:
        return []
    names = ", ".join(sorted(map(str, frame["domain"].dropna().unique())))
    return [note("several_domains", names=names)]


def swapped(trained: pd.DataFrame) -> list[Note]:
    """The sentence for two corpora that look swapped, judged on rows with tokens > 0."""
    general, domain = (_trend_with_ratio(trained, loss) for loss in LOSSES)
    return [note("corpora_swapped")] if general < 0 < domain else []


def _trend_with_ratio(trained: pd.DataFrame, loss: str) -> float:
    """Sign-carrying covariance of loss and ratio within groups of equal size and tokens; 0 where it cannot be told."""
    if loss not in trained:
        return 0.0
    rows = trained.dropna(subset=[loss])
    groups = rows.groupby(["params", "tokens"])
    centred_ratio = rows["ratio"] - groups["ratio"].transform("mean")
    centred_loss = rows[loss] - groups[loss].transform("mean")
    covariance = float(np.sum(centred_ratio * centred_loss))
    return covariance if np.isfinite(covariance) else 0.0


def _no_base(frame: pd.DataFrame) -> list[Note]:
    trained = frame[frame["tokens"] > 0]
    if "general_loss" not in trained or trained["general_loss"].isna().all():
        return []
    known = set(base_rows(frame, "general")["params"])
    if not known:
        return [note("no_base_losses")]
    sizes = set(trained["params"])
    lacking, spare = sorted(sizes - known), sorted(known - sizes)
    if not lacking:
        return []
    also = f"; those at params {_listed(spare)} belong to no run" if spare else ""
    return [note("base_losses_lacking", sizes=_listed(lacking), spare=also)]


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values[:4]) + (", ..." if len(values) > 4 else "")


def _one_sided(trained: pd.DataFrame) -> list[Note]:
    found = []
    for loss in LOSSES:
        if loss not in trained or trained[loss].isna().all():
            found.append(note("one_corpus", loss=loss.replace("_", " ")))
    return found
