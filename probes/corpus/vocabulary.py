"""Trains the tokenizer of the built-in ladder, whose bases have none."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer

from probes import config
from probes.corpus import files
from probes.corpus.sides import TRAIN, decided, require_both
from probes.progress import Meter, Report, between, nobody
from probes.storage import digest
from scaling.errors import InputError
from scaling.storage import write_atomically

END, END_ID = "<|end|>", 0  # the first entry of a vocabulary that we train


def tokenizer_for(
    corpus: config.Corpus,
    vocab_size: int,
    folder: Path,
    cache: Path,
    sides: Path | None = None,
    report: Report = nobody,
) -> Tokenizer:
    """A tokenizer trained on the training text of a corpus, all its sources; cached under a hash of that text.

    Args:
        sides: where the sides of the documents are cached; `cache` where it is not given.
    """
    path = cache / f"{digest([files.contents(corpus, folder), vocab_size])}.json"
    if (tokenizer := _kept(path)) is None:
        found = decided(corpus, folder, sides or cache, between(report, 0, 0.7))
        require_both(corpus, found)
        meter = Meter(sum(found.count(TRAIN)), between(report, 0.7, 1))
        texts = (text for i, part in enumerate(corpus.parts) for text in found.texts(part, i, TRAIN, folder))
        tokenizer = Tokenizer.from_str(train_tokenizer(meter.watch(texts), vocab_size, path).to_str())
    report(1.0)
    return tokenizer


def _kept(path: Path) -> Tokenizer | None:
    """The tokenizer that was trained before; None where it is not there."""
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except Exception as error:  # the library has no class of its own for a file that is no tokenizer
        raise InputError(f"{path}: damaged; delete it and start again") from error


def train_tokenizer(texts: Iterable[str], vocab_size: int, path: Path) -> Tokenizer:
    """Byte-level BPE, digits one by one, with one special token END; saved at `path`."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    write_atomically(path, lambda temporary: tokenizer.save(str(temporary)))
    return tokenizer
