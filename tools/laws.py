"""Write the laws of docs/laws.md from their own declarations: `make docs`. `--check` writes nothing, exits 1 where it is stale.

What stands between `<!-- laws -->` and `<!-- end -->` is made here; the words before are written by hand.
"""

import math
import re
import sys
from pathlib import Path

from pages import settle

from scaling.laws import Law, Parameter, get_law, law_names
from scaling.laws.factors import SYMBOLS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "laws.md"
BETWEEN = re.compile(r"(<!-- laws -->\n).*?(<!-- end -->)", re.DOTALL)
GIVES = {
    "loss": "a loss, nats per token",
    "delta": "the change of a loss over the base loss, nats per token",
    "ratio": "a critical ratio, 0 to 1",
}
MINIMISED = {
    ("huber", True): "Huber's loss of log residuals",
    ("huber", False): "Huber's loss of plain residuals",
    ("squared", True): "squares of log residuals",
    ("squared", False): "squares of plain residuals",
}
VARIABLES = {
    "params": "parameters",
    "tokens": "CPT tokens",
    "share": "share of the corpus whose loss it is",
    "progress": "CPT tokens over those of the base",
    "k1": "base loss on the domain, nats per token",
    "k2": "early fall of the domain loss, nats per token",
}


def bound(value: float) -> str:
    """A bound as text."""
    return f"{'-' if value < 0 else ''}∞" if math.isinf(value) else f"{value:g}"


def row(parameter: Parameter) -> str:
    """A parameter's line of its law's table."""
    cells = (
        f"`{parameter.name}`",
        f"`{parameter.unit}`",
        f"{bound(parameter.lower)} to {bound(parameter.upper)}",
        parameter.meaning,
    )
    return f"| {' | '.join(cells)} |"


def partner(law: Law) -> str:
    """What the domain loss of a fit is taken from, where not from the law itself."""
    if law.partner is None:
        return ""
    return f" It is of the general loss alone; the domain loss of a fit is that of [{law.partner}](#{law.partner})."


def section(law: Law) -> str:
    """One law: its formula twice, what it gives and looks at, its parameters, its source."""
    looks = ", ".join(f"{SYMBOLS[name]} ({VARIABLES[name]})" for name in law.variables)
    lines = [
        f"### {law.name}",
        f"**{law.title}.** Gives {GIVES[law.target]}.{partner(law)}",
        f"```math\n{law.latex()}\n```",
        f"```text\n{law.text()}\n```",
        f"Looks at {looks}. A fit minimises {MINIMISED[law.loss, law.target == 'loss']}.",
        "\n".join(["| parameter | unit | bounds | meaning |", "|---|---|---|---|", *map(row, law.parameters)]),
        f"Source: {law.source}",
    ]
    return "\n\n".join(lines)


def generated() -> str:
    """All laws, a table of them first."""
    laws = [get_law(name) for name in law_names()]
    heads = ["| law | title | gives | parameters |", "|---|---|---|---|"]
    listed = [f"| [{law.name}](#{law.name}) | {law.title} | {law.target} | {len(law.parameters)} |" for law in laws]
    return "\n\n".join(["\n".join(heads + listed), *map(section, laws)])


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is stale."""
    before = PAGE.read_text(encoding="utf-8")
    after, count = BETWEEN.subn(lambda found: f"{found[1]}\n{generated()}\n\n{found[2]}", before)
    assert count == 1, f"{PAGE.name} has no place for the laws"
    return settle(PAGE, after, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
