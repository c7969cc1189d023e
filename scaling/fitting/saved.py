"""fit.json: versioned, checked on reading, written atomically, nothing pickled. Floats survive to the last bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scaling.errors import InputError
from scaling.fitting.base_losses import BaseLosses
from scaling.fitting.corpus_fit import CorpusFit
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.fitting.intervals.interval import Estimate
from scaling.fitting.result import Fit, Provenance
from scaling.fitting.written import FORMAT, VERSION
from scaling.laws import Law, get_law
from scaling.notes import Note
from scaling.storage import read_saved

Level = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)


class _Ranges(_Strict):
    params: tuple[Positive, Positive]
    tokens: tuple[Positive, Positive]
    ratio: tuple[Share, Share]


class _Estimate(_Strict):
    value: float | None
    low: float | None
    high: float | None


class _Note(_Strict):
    code: str
    text: str


class _BaseTokens(_Strict):
    params: Annotated[list[Positive], Field(min_length=1)]
    tokens: Annotated[list[Positive], Field(min_length=1)]
    known: bool


class _Corpus(_Strict):
    law: str
    corpus: Literal["general", "domain"]
    parameters: dict[str, _Estimate]
    theta: list[float | None]
    draws: list[list[float | None]]
    dropped: dict[str, str]
    held: dict[str, float]
    ranges: _Ranges
    rows: int
    runs: int
    huber: float
    r2: float | None
    mape: float
    residual_sd: Annotated[float, Field(ge=0)] | None
    level: Level
    status: Literal["ok", "warning", "not_identified"]
    warnings: list[_Note | str]
    ratios: list[float]
    others: dict[str, dict[str, float]] = {}
    base_tokens: _BaseTokens | None = None
    misses: list[float | None] = []


class _Provenance(_Strict):
    source: str
    rows: int
    sha256: str
    version: str


class _Saved(_Strict):
    format: Literal["scaling-fit"]
    version: int
    law: str
    general: _Corpus | None
    domain: _Corpus | None
    base: dict[str, list[dict[str, float | None]]]
    burn_in: Annotated[float, Field(ge=0, lt=1)]
    level: Level
    provenance: _Provenance
    warnings: list[_Note | str]
    objective: str = ""
    resampling: str = ""


def load_fit(path: str | Path) -> Fit:
    """Read a fit that `Fit.save` wrote. Raises InputError, naming the file, for anything else."""
    path = Path(path)
    content = read_saved(path, "fit", FORMAT, VERSION)
    try:
        return _decode(_Saved.model_validate(content), path)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{path}: is not a sound saved fit ({where}: {first['msg']})") from None


def _notes(saved: Sequence[_Note | str]) -> tuple[Note, ...]:
    """Notes with their codes; those of an older file have none."""
    return tuple(Note(one) if isinstance(one, str) else Note(one.text, one.code) for one in saved)


def _float(value: float | None) -> float:
    return math.nan if value is None else value


def _decode(saved: _Saved, path: Path) -> Fit:
    corpora = {
        name: _decode_corpus(one, path) if one else None
        for name, one in (("general", saved.general), ("domain", saved.domain))
    }
    return Fit(
        law=_law(saved.law, path),
        base={
            name: BaseLosses.of([{k: _float(v) for k, v in r.items()} for r in rows])
            for name, rows in saved.base.items()
        },
        burn_in=saved.burn_in,
        level=saved.level,
        provenance=Provenance(**saved.provenance.model_dump()),
        warnings=_notes(saved.warnings),
        objective=saved.objective,
        resampling=saved.resampling,
        **corpora,
    )


def _law(name: str, path: Path) -> Law:
    try:
        return get_law(name)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _decode_corpus(saved: _Corpus, path: Path) -> CorpusFit:
    law = _law(saved.law, path)
    names = law.names
    sound = all(len(row) == len(names) for row in (saved.theta, *saved.draws))
    if not sound or not set(saved.parameters) <= set(names):
        raise InputError(f"{path}: is not a sound saved fit (its parameters are not those of the law {saved.law})")
    theta = np.array([_float(v) for v in saved.theta])
    draws = np.array([[_float(v) for v in row] for row in saved.draws]).reshape(-1, len(names))
    apart = {"law", "parameters", "theta", "draws", "r2", "residual_sd", "warnings", "ratios", "base_tokens", "misses"}
    fields = saved.model_dump(exclude=apart)
    estimates = {k: Estimate(_float(e.value), _float(e.low), _float(e.high)) for k, e in saved.parameters.items()}
    return CorpusFit(
        law=law,
        **fields,
        parameters=estimates,
        theta=theta,
        draws=draws,
        r2=_float(saved.r2),
        residual_sd=_float(saved.residual_sd),
        warnings=_notes(saved.warnings),
        ratios=tuple(saved.ratios),
        misses=tuple(_float(miss) for miss in saved.misses),
        base_tokens=_decode_base_tokens(saved, path),
    )


def _decode_base_tokens(saved: _Corpus, path: Path) -> BaseTokens | None:
    seen = saved.base_tokens
    if seen is None and "progress" not in get_law(saved.law).variables:
        return None
    if seen is None or len(seen.params) != len(seen.tokens):
        raise InputError(f"{path}: is not a sound saved fit (base_tokens)")
    return BaseTokens(tuple(seen.params), tuple(seen.tokens), seen.known)
