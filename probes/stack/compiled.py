"""torch.compile where it works, and the function as it is where it does not."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch


@cache
def or_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled; a compiler that is missing or fails leaves it as it is.

    What it computes must have no side effects: the first call with tensors of new shapes, for which the compiler runs, is
    made again without the compiler where it fails. Others are made once: an exception is how activation checkpointing
    ends a layer that it computes again.
    """
    compiled = torch.compile(function, dynamic=False)
    chosen: dict[tuple[torch.Size, ...], Callable[..., Any]] = {}  # by the shapes that have been met

    def call(*arguments: Any) -> Any:
        shapes = tuple(argument.shape for argument in arguments if isinstance(argument, torch.Tensor))
        if shapes in chosen:
            return chosen[shapes](*arguments)
        try:
            found = compiled(*arguments)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:  # the compiler's, or one of the function's that comes again below
            logging.getLogger(__name__).warning(
                "not compiled (%s): %s", type(error).__name__, str(error).partition("\n")[0]
            )
            chosen[shapes] = function
            return function(*arguments)
        chosen[shapes] = compiled
        return found

    return call
