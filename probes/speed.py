"""How many FLOPs per second a sweep trains at: timed with products of a base's shapes, published, or given by the user."""

import time
from dataclasses import dataclass
from statistics import median

import torch

from probes.bases import Figures
from probes.compute import device
from scaling.errors import InputError
from scaling.units import parse_count

# dense bf16 without sparsity, as NVIDIA's data sheets have it for the SXM modules
PEAKS = {"h100": 989e12, "h200": 989e12, "a100": 312e12}
# of the peak of a GPU, or of a product's speed: what lies between the products takes the rest
REACHED = {"cpu": 0.55, "cuda": 0.25}
SECONDS = 0.15  # of products that are timed
PRODUCT = 2e9  # FLOPs of one of them
SLOWEST, FASTEST = 1e6, 1e21  # FLOPs per second; what lies outside is a typing error


@dataclass(frozen=True)
class Speed:
    """Where a sweep would be trained: `place` cpu or cuda, `rate` in FLOPs per second or None where it is measured."""

    place: str
    rate: float | None
    assumption: str


def speed(given: str | None = None, stated: str | None = None) -> Speed:
    """The speed of a device, of what is stated, or, given neither, of this machine.

    Args:
        given: a name of `PEAKS`, or `cpu` or `cuda` for what is here.
        stated: FLOPs per second, as people write them.

    Raises:
        InputError: both are given, or what is stated is not the speed of a machine.
    """
    if given and stated is not None:
        raise InputError("--device and --flops-per-second both set the speed: leave one of them out")
    if stated is not None:
        rate = parse_count(stated, "--flops-per-second")
        if not SLOWEST <= rate <= FASTEST:
            raise InputError(
                f"--flops-per-second: {stated} is not between {SLOWEST:g} and {FASTEST:g}; "
                "give what one machine reaches, such as 4e14"
            )
        return Speed("cuda", rate, f"Assumed: {rate:.3g} FLOPs per second at every size, as given")
    if given is not None and given in PEAKS:
        reached, peak = REACHED["cuda"], PEAKS[given]
        what = (
            f"{reached} of {peak / 1e12:.0f}e12 FLOPs per second, the published dense bf16 speed of one {given.upper()}"
        )
        return Speed("cuda", reached * peak, f"Assumed: {what}; small models reach less")
    place = given or device().type
    what = f"{REACHED[place]} of the speed of matrix products of these shapes, timed on this machine"
    return Speed(place, None, f"Assumed: {what}")


def measured(base: Figures, rows: int, place: torch.device) -> float:
    """FLOPs per second that training reaches: a fraction of what the feed-forward product of a base does here.

    Args:
        rows: tokens that go through the model at once; fewer are timed where the product is large.
    """
    rows = max(16, min(rows, int(PRODUCT / (2 * base.width * base.inner))))
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    left = torch.ones(rows, base.width, dtype=dtype, device=place)
    right = torch.ones(base.width, base.inner, dtype=dtype, device=place)
    took: list[float] = []
    _timed(left, right)  # warms up
    while sum(took) < SECONDS or len(took) < 3:
        took.append(_timed(left, right))
    return REACHED[place.type] * 2 * rows * base.width * base.inner / median(took)


def _timed(left: torch.Tensor, right: torch.Tensor) -> float:
    start = time.perf_counter()
    left @ right
    if left.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start
