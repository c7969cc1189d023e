"""What fit.json holds of a fit; `scaling.fitting.saved` reads it. Apart, since a fit writes itself and reading makes one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling.arrays import Array
from scaling.notes import coded
from scaling.storage import write_text
from scaling.units import finite_or_none

if TYPE_CHECKING:
    from scaling.fitting.corpus_fit import CorpusFit
    from scaling.fitting.result import Fit

FORMAT, VERSION = "scaling-fit", 1


def save_fit(fit: Fit, path: str | Path) -> None:
    """Write the fit to path; an old file stays whole until the new one is complete. Raises InputError if it cannot be
    written."""
    write_text(path, json.dumps(_encode(fit), allow_nan=False) + "\n")


def _numbers(values: Array) -> list[Any]:
    return [_numbers(v) if np.ndim(v) else finite_or_none(v) for v in values]


def _encode(fit: Fit) -> dict[str, Any]:
    corpora = {
        name: _encode_corpus(one) if one else None for name, one in (("general", fit.general), ("domain", fit.domain))
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "law": fit.law.name,
        **corpora,
        "base": {
            name: [{k: finite_or_none(v) for k, v in r.items()} for r in bases.records()]
            for name, bases in fit.base.items()
        },
        "burn_in": fit.burn_in,
        "level": fit.level,
        "provenance": vars(fit.provenance),
        "warnings": coded(fit.warnings),
        "objective": fit.objective,
        "resampling": fit.resampling,
    }


def _encode_corpus(fit: CorpusFit) -> dict[str, Any]:
    plain = {k: getattr(fit, k) for k in ("corpus", "rows", "runs", "huber", "mape", "level", "status")}
    return {
        "law": fit.law.name,
        **plain,
        "parameters": {name: e.to_json_dict() for name, e in fit.parameters.items()},
        "theta": _numbers(fit.theta),
        "draws": _numbers(fit.draws),
        "dropped": dict(fit.dropped),
        "held": dict(fit.held),
        "ranges": {k: list(v) for k, v in fit.ranges.items()},
        "r2": finite_or_none(fit.r2),
        "residual_sd": finite_or_none(fit.residual_sd),
        "warnings": coded(fit.warnings),
        "ratios": list(fit.ratios),
        "others": {domain: dict(values) for domain, values in fit.others.items()},
        "misses": [finite_or_none(miss) for miss in fit.misses],
        "base_tokens": None if fit.base_tokens is None else asdict(fit.base_tokens),
    }
