import io

import pytest
from rich.console import Console

from probes import bars


@pytest.mark.parametrize("terminal", [True, False])
def test_reading_draws_a_bar_on_a_terminal_alone(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(bars, "Console", lambda file: Console(file=screen, force_terminal=terminal, width=120))
    sweep = bars.Bars()
    sweep.preparing("tokens of prose", 0.25)
    sweep.bars.refresh()
    drawn = screen.getvalue()
    sweep.preparing("tokens of prose", 1.0)
    sweep.stop()
    assert ("tokens of prose" in drawn) == terminal
    assert ("25%" in drawn) == terminal


def test_what_was_there_already_is_not_drawn() -> None:
    sweep = bars.Bars()
    sweep.preparing("tokens of prose", 1.0)
    assert not sweep.bars.tasks
