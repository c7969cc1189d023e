"""plan.json: an answer with what it was asked and made from, for the commands that come after it.

Versioned, checked on reading, written atomically. `docs/plan.schema.json` is its JSON Schema, made from the model below.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scaling.errors import InputError
from scaling.fitting import Estimate, Provenance
from scaling.notes import Note
from scaling.planning.plan import ESTIMATES, FORMAT, VERSION, Plan
from scaling.planning.rise import Status
from scaling.planning.target import Target
from scaling.storage import read_saved

Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Target(_Strict):
    params: Positive
    tokens: Positive
    tolerance: Annotated[float, Field(ge=0, description="nats per token, or a share of the base loss where relative")]
    relative: bool
    base_general_loss: Positive | None
    base_tokens: Positive | None
    level: Annotated[float, Field(gt=0, lt=1)]
    far: bool


class _Estimate(_Strict):
    value: float | None
    low: float | None
    high: float | None


class _Provenance(_Strict):
    source: str
    rows: int
    sha256: str
    version: str


class _Note(_Strict):
    code: str
    text: str


class PlanFile(_Strict):
    """A plan of `scaling plan --out`: the critical mixture ratio for one target; losses in nats per token."""

    format: Literal["scaling-plan"]
    version: int
    target: _Target
    critical_ratio: _Estimate
    draws: Annotated[list[float | None], Field(description="the ratio in each draw; null where none passes")]
    general_loss: _Estimate
    domain_loss: _Estimate
    base_general_loss: _Estimate
    status: Status
    definition: Literal["tolerance", "cmr"]
    law: str
    route: Literal["law", "link"]
    extrapolation: dict[str, float | None]
    notes: list[_Note]
    fitted_from: _Provenance | None


def schema() -> dict[str, Any]:
    """The JSON Schema of the file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanFile.model_json_schema()}


def load_plan(path: str | Path) -> Plan:
    """Read a plan that `Plan.save` wrote. Raises InputError, naming the file, for anything else."""
    path = Path(path)
    content = read_saved(path, "plan", FORMAT, VERSION)
    try:
        return _decode(PlanFile.model_validate(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{path}: is not a sound saved plan ({where}: {first['msg']})") from None


def _decode(saved: PlanFile) -> Plan:
    estimates = {name: getattr(saved, name) for name in ESTIMATES}
    return Plan(
        **{name: Estimate(*map(_float, (one.value, one.low, one.high))) for name, one in estimates.items()},
        status=saved.status,
        extrapolation={name: _float(value) for name, value in saved.extrapolation.items()},
        warnings=tuple(Note(one.text, one.code) for one in saved.notes),
        target=Target(**saved.target.model_dump()),
        definition=saved.definition,
        law=saved.law,
        route=saved.route,
        draws=tuple(map(_float, saved.draws)),
        provenance=None if saved.fitted_from is None else Provenance(**saved.fitted_from.model_dump()),
    )


def _float(value: float | None) -> float:
    return math.nan if value is None else value
