"""The one exception for a user's mistake."""

from __future__ import annotations


class InputError(ValueError):
    """Unusable input; its text is one sentence that names the file, the column and the row where there are such.

    The command line prints the text on standard error and exits 2; in Python it is an ordinary `ValueError`.
    """


LOGS = "this looks like a log of a trainer; docs/logging.md says how to make a run table of it"
