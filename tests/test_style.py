"""The rule of docs/style.md: plain words and sentences of at most 35 words, in every document that is written by hand."""

import ast
import re
from pathlib import Path

import pytest

from scaling.laws import get_law, law_names
from scaling.templates import TEMPLATES

ROOT = Path(__file__).parents[1]
# docs/notes.md is made from the sentences in the code, so its words are mended there
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "notes.md"),
    *sorted((ROOT / "data").glob("**/README.md")),
]
LONGEST = 35  # words
UNITS = (
    "run|size|checkpoint|corpus|side|law|token|parameter|base|branch|claim|second|step|picture|domain|source|block|part"
)
COUNTED = (
    "runs?|rows?|tokens?|parameters?|nats|FLOPs|bytes|files?|answers?|seeds?|bases?|loss|losses|checkpoints?|blocks?"
    "|evaluations?|entry|entries|scripts?|pictures?|samples?|copy|copies|snapshots?|level|levels|branches|columns?"
)
# what docs/style.md names -> what is looked for
REFUSED = {
    "tell": r"\b(tells?|told|telling)\b",
    "hold": r"\b(holds?|holding|held)\b(?!([ -]|(\s+\w+){1,3}\s+)outs?\b)",
    "dear": r"\bdear\b",
    "anew": r"\banew\b",
    "by itself": r"\bby (itself|themselves)\b",
    "of its own": r"\bof (its|their) own\b",
    "no use": r"\bno use\b",
    "at hand": r"\bat hand\b",
    "go on with": r"\b(go|goes|going|went|gone) on\b",
    "is no number": r"\b(is|are) no (number|one)\b",
    "a run a size": rf"\b({COUNTED}) an? ({UNITS})\b",
}
MADE = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->", re.DOTALL)  # tables and outputs that a command writes
ASIDE = re.compile(r"^(```.*?^```|<!--.*?-->|\|[^\n]*|#[^\n]*| {4}\S[^\n]*)$", re.MULTILINE | re.DOTALL)
UNIT = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )")  # a paragraph, or one item of a list
END = re.compile(r"(?<=[.!?])[*)\"]*\s+(?=[A-Z0-9`*(\[\"])")


def prose(text: str) -> str:
    """The words of a page: no tables, code, headings, or what a command writes; a link is its text."""
    text = ASIDE.sub("", MADE.sub("", text))
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)


def sentences(text: str) -> list[str]:
    """The sentences of a page, each on one line, inline code as one word."""
    return [
        " ".join(re.sub(r"`[^`]*`", "`x`", sentence).split())
        for part in UNIT.split(prose(text))
        for sentence in END.split(part.strip())
        if sentence.strip()
    ]


def too_long(text: str) -> list[str]:
    return [one for one in sentences(text) if len(re.findall(r"\S*\w\S*", one)) > LONGEST]


def refused(text: str) -> list[tuple[str, str]]:
    """What is to be avoided and the sentence that has it."""
    return [
        (name, one)
        for one in sentences(text)
        for name, pattern in REFUSED.items()
        if re.search(pattern, one.replace("`x`", " "), re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_are_short(page: Path) -> None:
    assert too_long(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_words_are_plain(page: Path) -> None:
    assert refused(page.read_text(encoding="utf-8")) == []


def test_the_page_of_style_lists_what_is_refused() -> None:
    page = (ROOT / "docs" / "style.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert listed == list(REFUSED)
    assert all(re.search(pattern, name) for name, pattern in REFUSED.items() if name != "a run a size")


PAGE = """# Held

The table
holds rows.

| told | anew |

```text
dear
```

- It goes on with `tell`.
- Train a run a size.
"""


def test_a_word_on_the_list_is_found_in_prose_alone() -> None:
    assert refused(PAGE) == [
        ("hold", "The table holds rows."),
        ("go on with", "- It goes on with `x`."),
        ("a run a size", "- Train a run a size."),
    ]


def test_held_out_stays() -> None:
    assert refused("Held-out text is held out, and a hold-out holds one size out. A fit a table gives is fine.") == []


def test_a_long_sentence_is_found() -> None:
    words = " ".join(["Word"] + ["word"] * (LONGEST - 1))
    assert too_long(f"A short one. {words}. Another.\n\n- {words}\n- {words}\n") == []
    assert too_long(f"A short one. {words}\nmore. Another.") == [f"{words} more."]


def test_what_a_command_writes_is_left_out() -> None:
    assert sentences("Before.\n\n<!-- demo -->\nIt holds.\n<!-- end -->\n\nAfter.\n") == ["Before.", "After."]


def said_by_code() -> dict[str, str]:
    """What the packages say to users: notes by code, help of every option and command, meanings of parameters."""
    said = {f"note {code}": text for code, text in TEMPLATES.items()}
    for package in ("scaling", "probes"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and path.parent.name in ("commands", "config"):
                    texts = [
                        own.value.value
                        for own in node.body
                        if isinstance(own, ast.Expr) and isinstance(own.value, ast.Constant)
                    ]
                    said |= {f"{path.name} {node.name} {k}": text for k, text in enumerate(texts)}
                if isinstance(node, ast.Raise):
                    words = [
                        one.value
                        for one in ast.walk(node)
                        if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    ]
                    said[f"{path.name}:{node.lineno}"] = " ".join(" ".join(words).split())
    said |= {f"{law} {one.name}": one.meaning for law in law_names() for one in get_law(law).parameters}
    return said


SAID = said_by_code()


def test_what_the_code_says_is_plain() -> None:
    assert len(SAID) > 300
    bad = {place: name for place, text in SAID.items() for name, _ in refused(text)}
    assert bad == {}


def test_notes_are_short() -> None:
    """Values in braces count as one word; a note may have two parts, joined by a semicolon or a colon."""
    parts = {code: re.split(r"[;:] ", re.sub(r"\{[^}]*\}", "x", text)) for code, text in TEMPLATES.items()}
    assert {code for code, own in parts.items() for one in own if len(one.split()) > LONGEST} == set()
