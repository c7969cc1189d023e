"""Arrows run one way: the imports of both packages, late ones included, hold no circle and follow the order of CONTRIBUTING."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the ground up: a room imports from rooms below it, and from its own.
FLOORS = (
    ("scaling.version", "scaling.errors", "scaling.units", "scaling.nearness", "scaling.storage", "scaling.arrays",
     "scaling.corpora", "scaling.templates", "scaling.notes"),
    ("scaling.laws",),
    ("scaling.show",),
    ("scaling.stages", "scaling._schema", "scaling._sizes", "scaling._values", "scaling._findings", "scaling._names",
     "scaling._checkpoints", "scaling.runs"),
    ("scaling.readers",),
    ("scaling.fitting",),
    ("scaling.planning",),
    ("scaling.plotting", "scaling.plot"),
    ("scaling.report",),
    ("scaling.example", "scaling.demo"),
    ("scaling.commands",),
    ("scaling.cli", "scaling"),
)  # fmt: skip


def modules() -> dict[str, Path]:
    """Dotted name -> file, of both packages."""
    found = {}
    for package in ("scaling", "probes"):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules that a file imports when it runs: not those for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: {one for one in imported(path, known) if one != name} for name, path in known.items()}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, first and last the same; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(arrows.get(name, ())):
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(arrows) if (found := walk(name, []))), [])


def floor_of(name: str) -> int:
    matches = [
        (len(room), level) for level, rooms in enumerate(FLOORS) for room in rooms if f"{name}.".startswith(f"{room}.")
    ]
    return max(matches)[1]


def test_no_module_imports_itself_by_a_circle() -> None:
    assert circle(graph()) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


@pytest.mark.parametrize("package", ["scaling", "probes"])
def test_arrows_run_down(package: str) -> None:
    up = []
    for name, others in graph().items():
        if not f"{name}.".startswith(f"{package}."):
            continue
        for other in others:
            if package == "probes" and other.startswith("scaling"):
                allowed = floor_of(other) <= floor_of("scaling.runs") and not other.startswith("scaling.laws")
                up += [] if allowed else [f"{name} -> {other}"]
            elif package == "scaling" and (other.startswith("probes") or floor_of(other) > floor_of(name)):
                up.append(f"{name} -> {other}")
    assert up == []
