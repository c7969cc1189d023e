"""Every note: a code that programs can test, the values it was made of, and its one sentence, in `scaling.templates`.

Python, the commands' JSON and the report's page write the same templates; docs/notes.md is made from the table. A value is
written by Python's format, or as a count (`{tokens:count}` gives 20B).
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any

from scaling.templates import TEMPLATES
from scaling.units import format_count


class Note(str):
    """A sentence, with the code and the values it was made of. `within` puts words before it and keeps both.

    >>> one = note("tokens_few", tokens=5000.0)
    >>> one, one.code, one.values
    ('no checkpoint that was fitted has as few as 5K tokens', 'tokens_few', {'tokens': 5000.0})
    >>> one.within("domain fit: ").code
    'tokens_few'
    """

    code: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, code: str = "other", values: Mapping[str, Any] | None = None) -> Note:
        """A note of that text."""
        made = super().__new__(cls, text)
        made.code, made.values = code, dict(values or {})
        return made

    def within(self, before: str) -> Note:
        """The same note with words before it."""
        return Note(before + self, self.code, self.values)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        return format_count(value) if spec == "count" else str(super().format_field(value, spec))


def note(code: str, **values: Any) -> Note:
    """The note of that code, made of its values."""
    return Note(_Formatter().vformat(TEMPLATES[code], (), values), code, values)


def coded(notes: Iterable[str]) -> list[dict[str, str]]:
    """Notes as the commands' JSON has them: code and text; "other" for a sentence that has no code yet."""
    return [{"code": getattr(one, "code", "other"), "text": str(one)} for one in notes]
