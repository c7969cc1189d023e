"""How well a law predicts what it was not fitted to."""

from scaling.fitting.validation.compare import Comparison, Placing, compare_laws
from scaling.fitting.validation.result import Group, Score, Validation
from scaling.fitting.validation.splits import HOLD_OUTS, Split
from scaling.fitting.validation.validate import validate_law

__all__ = [
    "HOLD_OUTS",
    "Comparison",
    "Group",
    "Placing",
    "Score",
    "Split",
    "Validation",
    "compare_laws",
    "validate_law",
]
