"""The sentences of all notes, by code: of tables, of fits and comparisons, of plans, and the words of answers.

A value is written by Python's format, or as a count (`{tokens:count}` gives 20B).
"""

from __future__ import annotations

from collections.abc import Mapping

from scaling.templates import fits, plans, tables, words

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Tables": tables.TEMPLATES,
    "Fits and comparisons": fits.TEMPLATES,
    "Plans": plans.TEMPLATES,
    "Words of an answer": words.TEMPLATES,
}
TEMPLATES: Mapping[str, str] = {code: text for section in SECTIONS.values() for code, text in section.items()}
assert len(TEMPLATES) == sum(map(len, SECTIONS.values())), "a code stands twice"
