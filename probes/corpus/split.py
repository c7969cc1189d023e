"""One sentence for a corpus of which too little is held out or left: what is the cause, and what to do."""

from probes import config
from probes.corpus.sides import HELD_OUT, NEAR, OUT, TRAIN, Sides
from scaling.errors import InputError

FEW = 100  # documents; of fewer a larger share helps little


def check(corpus: config.Corpus, found: Sides) -> None:
    """InputError where a source has no document to be held out or to train on."""
    for number in range(len(corpus.parts)):
        if not found.count(HELD_OUT)[number]:
            raise too_little(corpus, number, found, ": no document is held out")
        if corpus.has_training_text and not found.count(TRAIN)[number]:
            raise too_little(corpus, number, found, ": no document is left to train on")


def too_little(corpus: config.Corpus, number: int, found: Sides, what: str) -> InputError:
    """The sentence: what is wrong with the `number`-th source (`what` goes on behind its name), how many documents it
    has, and the cure."""
    which = f"corpus {corpus.name!r}" + (f", source {number + 1}" if len(corpus.parts) > 1 else "")
    held, train = found.count(HELD_OUT)[number], found.count(TRAIN)[number]
    left = sum(int((codes == OUT).sum() + (codes == NEAR).sum()) for codes in (found.train[number],))
    some = f"; {left} are empty, the same as others or near-duplicates of held-out text" if left else ""
    have = f"{held} of {_documents(held + train + left)} held out"
    return InputError(f"{which}{what} ({have}{some}): {_cure(corpus.parts[number], held, train)}")


def _cure(part: config.Text, held: int, train: int) -> str:
    if part.held_out:
        return "name more files under held_out" if train else "name other files under train than under held_out"
    if held + train >= FEW:
        return "raise held_out_fraction, or name more text under train or held_out"
    if part.separator is not None and held + train <= 1:
        return f"the separator {part.separator!r} hardly occurs; give the one that stands between documents, or name held_out"
    return "name held_out, give text files a `separator`, or write JSONL with one document a line"


def _documents(count: int) -> str:
    return f"{count} document" + ("" if count == 1 else "s")
