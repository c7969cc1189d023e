"""Words of an answer itself, which the report's page writes too."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    "status_not_identified": "not identified by this table",
    "status_infeasible": "no ratio stays within the tolerance",
    "status_unconstrained": "every ratio stays within the tolerance",
    "far_params": "{factor:.3g}x in params",
    "far_tokens": "{factor:.3g}x in tokens",
    "far_ratio": "{distance:.3g} beyond the probed ratios",
    "ratio_inside": "inside the probed ratios",
    "ratio_unknown": "ratio unknown",
    "far_base": "{factor:.3g}x in the base's tokens per parameter",
}
