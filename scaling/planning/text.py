"""How plans write their numbers for people."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scaling.fitting import Estimate
from scaling.units import format_count


def span(estimate: Estimate[float], spec: str) -> str:
    """value [low, high] by a format; `spec` "count" writes 7B. No brackets where there is no interval."""
    return f"{_written(estimate.value, spec)}{brackets(estimate, spec)}"


def brackets(estimate: Estimate[float], spec: str) -> str:
    """[low, high] with a space before it, or nothing where there is no interval."""
    low, high = estimate.low, estimate.high
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    return f" [{_written(low, spec)}, {_written(high, spec)}]"


def extrapolation_text(factors: Mapping[str, float]) -> str:
    """The factors over the probed sizes, token counts and bases, and the distance from the probed ratios."""
    parts = [f"{factors[name]:.3g}x in {name}" for name in ("params", "tokens")]
    distance = factors["ratio"]
    beyond = f"{distance:.3g} beyond the probed ratios" if distance > 0 else "inside the probed ratios"
    parts.append(beyond if math.isfinite(distance) else "ratio unknown")
    if "base_tokens_per_param" in factors:
        parts.append(f"{factors['base_tokens_per_param']:.3g}x in the base's tokens per parameter")
    return ", ".join(parts)


def _written(value: float, spec: str) -> str:
    return format_count(value) if spec == "count" else f"{value:{spec}}"
