"""Planning: from a fit to the critical mixture ratio for a model and a token budget."""

from scaling.planning.cmr import cmr_plan
from scaling.planning.critical import critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.result import Plan

__all__ = ["Plan", "cmr_plan", "critical_ratio", "measured_critical_ratio"]
