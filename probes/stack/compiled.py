"""torch.compile where it works, and the function as it is where it does not."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch


@cache
def or_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled at its first call; a compiler that is missing or fails leaves it as it is.

    What it computes must have no side effects: a call that fails is made again without the compiler.
    """
    chosen: list[Callable[..., Any]] = [torch.compile(function, dynamic=False)]

    def call(*arguments: Any) -> Any:
        try:
            return chosen[0](*arguments)
        except Exception as error:  # the compiler's, or one of the function's that comes again below
            logging.getLogger(__name__).debug("not compiled: %s", error)
            chosen[0] = function
            return function(*arguments)

    return call
