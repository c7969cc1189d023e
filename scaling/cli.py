"""The command `scaling`: from a run table to a fit, a prediction and a critical mixture ratio."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import cast

from scaling.commands import COMMANDS, command, every_command
from scaling.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 on an answer, 2 on bad input with one sentence on standard error.

    Options that cannot be read make the parser exit with 2 itself.
    """
    import tyro

    words = list(sys.argv[1:] if arguments is None else arguments)
    flags = (tyro.conf.FlagCreatePairsOff,)
    try:
        if words and words[0] in COMMANDS:  # its own options alone: a parser of all commands takes as long as a plan
            shape = cast("type[Callable[[], None]]", command(words[0]))
            asked = tyro.cli(shape, prog=f"scaling {words[0]}", args=words[1:], config=flags)
        else:
            whole = cast("type[Callable[[], None]]", every_command())
            asked = tyro.cli(whole, prog="scaling", description=__doc__, args=words, config=flags)
        asked()
        sys.stdout.flush()
    except InputError as error:
        return _complain(str(error))
    except BrokenPipeError:
        # The reader has left (`| head`); keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _complain(f"{error.filename or 'scaling'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return _complain("stopped")
    return 0


def _complain(sentence: str) -> int:
    print(f"scaling: {' '.join(sentence.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
