"""How plans write their numbers for people."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scaling.fitting import Estimate
from scaling.units import format_count


def span(estimate: Estimate[float], spec: str) -> str:
    """value [low, high] by a format; `spec` "count" writes 7B. No brackets where there is no interval."""
    low, high = estimate.low, estimate.high
    value = _written(estimate.value, spec)
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return value
    return f"{value} [{_written(low, spec)}, {_written(high, spec)}]"


def extrapolation_text(factors: Mapping[str, float]) -> str:
    """The factors over the probed sizes and token counts, and the distance from the probed ratios."""
    parts = [f"{factors[name]:.3g}x in {name}" for name in ("params", "tokens")]
    distance = factors["ratio"]
    beyond = f"{distance:.3g} beyond the probed ratios" if distance > 0 else "inside the probed ratios"
    return ", ".join([*parts, beyond if math.isfinite(distance) else "ratio unknown"])


def _written(value: float, spec: str) -> str:
    return format_count(value) if spec == "count" else f"{value:{spec}}"
