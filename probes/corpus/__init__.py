"""From text files to packed blocks of tokens.

A corpus becomes two memory-mapped arrays of shape (blocks, context): training and held-out. They
are cached under a hash of the text, the tokenizer and the block length.

Arrows run one way: packing -> shards, vocabulary -> sides -> near, files -> readers.
"""

from probes.corpus.files import check, expand
from probes.corpus.packing import Blocks, pack
from probes.corpus.readers import documents
from probes.corpus.vocabulary import END, END_ID, tokenizer_for, train_tokenizer

__all__ = ["END", "END_ID", "Blocks", "check", "documents", "expand", "pack", "tokenizer_for", "train_tokenizer"]
