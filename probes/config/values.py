"""Values that several sections of a sweep file use: counts, fractions, seeds."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from scaling.units import parse_count

Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0)]


def _count(value: Any) -> Any:
    """Counts as people write them: 2e6, 20M."""
    return round(parse_count(value)) if isinstance(value, str | float) else value


Count = Annotated[int, BeforeValidator(_count), Field(gt=0)]


def distinct(values: list[Any]) -> list[Any]:
    """No value appears twice, as run names print it: two runs would have the same name."""
    if len({f"{value:g}" for value in values}) != len(values):
        raise ValueError("the same value appears twice; remove one")
    return values


def _several(value: Any) -> Any:
    """A bare number is how many seeds there are: 3 means 0, 1 and 2."""
    return list(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value


Ratios = Annotated[list[Fraction], Field(min_length=1), AfterValidator(distinct)]
Seeds = Annotated[list[Seed], BeforeValidator(_several), Field(min_length=1), AfterValidator(distinct)]


class Section(BaseModel):
    """A section of the sweep file; an unknown key is an error, since it is most likely a typo."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
