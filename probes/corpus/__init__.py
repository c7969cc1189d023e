"""From text files to packed blocks of tokens.

A corpus becomes two memory-mapped arrays of shape (blocks, context): training and held-out. They
are cached under a hash of the text, the tokenizer and the block length.

Arrows run one way: packing -> shards, vocabulary -> sides -> near_duplicates, files -> readers -> content -> not_text -> opening.
What readers share of a record is in fields.
"""

from probes.corpus.files import check, expand, require
from probes.corpus.packing import Blocks, open_blocks, pack
from probes.corpus.readers import documents
from probes.corpus.sides import HELD_OUT, Sides, decided, too_little
from probes.corpus.vocabulary import END, END_ID, tokenizer_for, train_tokenizer

__all__ = [
    "END",
    "END_ID",
    "HELD_OUT",
    "Blocks",
    "Sides",
    "check",
    "decided",
    "documents",
    "expand",
    "open_blocks",
    "pack",
    "require",
    "tokenizer_for",
    "too_little",
    "train_tokenizer",
]
