"""A bar on a terminal, nothing elsewhere."""

import sys

import pytest

from scaling.commands.progress import watched


def test_nothing_is_written_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with watched("working") as watch:
        watch(0.5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with watched("working") as watch:
        watch(0.25)
        watch(0.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "working" in err
