"""The built-in ladder in numbers: the sizes and the peak learning rate of a rung, from its depth."""

import math

HEAD_WIDTH = 32
DEEPEST = 64
PEAK_RATE_AT_128 = 3e-3  # peak learning rate of pre-training at width 128; narrower models take more


def width(depth: int) -> int:
    """Width of the residual stream: 32 for each layer, one head a layer."""
    return HEAD_WIDTH * depth


def feed_forward(depth: int) -> int:
    """Width of the feed-forward layers: 8/3 of the width, in whole heads."""
    return HEAD_WIDTH * round(8 * width(depth) / (3 * HEAD_WIDTH))


def parameters(depth: int) -> int:
    """Non-embedding parameters: four square products and three of the feed-forward a layer, and the norms."""
    own = width(depth)
    return depth * (4 * own**2 + 3 * own * feed_forward(depth) + 2 * own) + own


def nearest(params: float) -> int:
    """The depth whose non-embedding parameters are nearest to `params`, by their ratio."""
    return min(range(1, DEEPEST + 1), key=lambda depth: abs(math.log(parameters(depth) / params)))


def peak_rate(depth: int) -> float:
    """Peak pre-training rate: falls with the square root of the width."""
    return PEAK_RATE_AT_128 * math.sqrt(128 / width(depth))
