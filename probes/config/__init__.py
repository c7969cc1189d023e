"""The sweep file: what to train, on what, for how long. Read from YAML, checked by pydantic.

Arrows run one way: sweep -> training, text -> values.
"""

from probes.config.sweep import Sweep, first_problem, load_sweep, read_keys
from probes.config.text import Corpus, Source, Text, Tokenizer
from probes.config.training import Base, Cpt, Evaluate, Pretrain, ReptileOptions, Training

__all__ = [
    "Base",
    "Corpus",
    "Cpt",
    "Evaluate",
    "Pretrain",
    "ReptileOptions",
    "Source",
    "Sweep",
    "Text",
    "Tokenizer",
    "Training",
    "first_problem",
    "load_sweep",
    "read_keys",
]
