import numpy as np
import pytest

from probes.corpus.near_duplicates import LIMIT, gather, near, overlap, shingles


def words(start: int, count: int) -> str:
    return " ".join(f"w{i}" for i in range(start, start + count))


def exact(text: str, held_out: list[str]) -> float:
    """The rule in plain words and sets."""

    def own(text: str) -> set[tuple[str, ...]]:
        words = text.lower().split()
        return {tuple(words[i : i + 8]) for i in range(max(1, len(words) - 7))}

    return len(own(text) & set().union(*map(own, held_out))) / len(own(text))


def test_the_overlap_is_that_of_sets_of_eight_words() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([*"ab"], rng.integers(1, 60))) for _ in range(200)]
    held_out, train = texts[:8], texts[8:]
    known = gather(map(shingles, held_out))
    assert [overlap(text, known) for text in train] == pytest.approx([exact(text, held_out) for text in train])
    assert 0 < sum(near(text, known) for text in train) < len(train)


def test_the_limit_itself_is_kept_and_the_next_shingle_is_dropped() -> None:
    known = gather([shingles(words(0, 10))])  # three shingles
    assert LIMIT == 0.3
    assert overlap(words(0, 17), known) == pytest.approx(0.3)
    assert not near(words(0, 17), known), "3 of 10 distinct shingles"
    assert near(words(0, 16), known), "3 of 9"


def test_a_shingle_counts_once_and_its_words_in_their_order() -> None:
    known = gather([shingles(words(0, 8))])
    assert overlap(" ".join([words(0, 8)] * 3), known) == pytest.approx(1 / 8)
    assert overlap(" ".join(reversed(words(0, 8).split())), known) == 0
    assert overlap(words(0, 8).upper() + "!", known) == 1


def test_short_texts_are_one_shingle_and_nothing_held_out_is_near_nothing() -> None:
    known = gather([shingles("three words here")])
    assert near("Three words, here.", known)
    assert not near("three words", known)
    assert not near("three words here", gather([]))
    assert len(shingles("...")) == 1
