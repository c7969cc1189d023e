"""The command `scaling`: from a run table to a fit, a prediction and a critical mixture ratio."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import cast

from scaling.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 on an answer, 2 on bad input with one sentence on standard error.

    Options that cannot be read make the parser exit with 2 itself.
    """
    import tyro

    from scaling.commands import Command

    shape = cast("type[Callable[[], None]]", Command)
    flags = (tyro.conf.FlagCreatePairsOff,)
    try:
        command = tyro.cli(shape, prog="scaling", description=__doc__, args=arguments, config=flags)
        command()
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
