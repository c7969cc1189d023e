"""torch.compile where it works, and the function as it is where it does not."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch


@cache
def or_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled at its first call; a compiler that is missing or fails there leaves it as it is.

    What it computes must have no side effects: a first call that fails is made again without the compiler. Later calls
    are made once: an exception is how activation checkpointing ends a layer that it computes again.
    """
    compiled = torch.compile(function, dynamic=False)
    chosen: list[Callable[..., Any]] = []  # empty until the first call has shown which

    def call(*arguments: Any) -> Any:
        if chosen:
            return chosen[0](*arguments)
        try:
            found = compiled(*arguments)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:  # the compiler's, or one of the function's that comes again below
            logging.getLogger(__name__).warning("not compiled: %s", error)
            chosen.append(function)
            return function(*arguments)
        chosen.append(compiled)
        return found

    return call
