"""L2 of the D-CPT paper: tokens and share under one exponent.

A power of a sum is not a sum of terms, so this one is a pure function with its own gradient. At a fixed share it is not
Chinchilla's law, which the authors count against it (no consistency).
"""

import math

import numpy as np

from scaling.laws._dcpt import FLOOR, SOURCE
from scaling.laws.base import Array, FunctionLaw, Parameter, Variables

_TINY = 1e-300  # keeps log(0) and 0^(eta - 1) finite where both coefficients are 0


def _inner(theta: Array, x: Variables) -> tuple[Array, Array, Array]:
    """B / D^beta (..., n), C / (r + eps)^gamma (..., n), and their sum."""
    _, _, _, b, beta, c, gamma, eps, _ = np.moveaxis(theta[..., None], -2, 0)
    token = b * np.exp(-beta * np.log(x["tokens"]))
    share = c * np.exp(-gamma * np.log(x["share"] + eps))
    return token, share, np.maximum(token + share, _TINY)


def value(theta: Array, x: Variables) -> Array:
    """E + A/N^alpha + (B/D^beta + C/(r + eps)^gamma)^eta at theta (..., 9) and x (n,): (..., n), nats per token."""
    e, a, alpha, eta = (theta[..., j, None] for j in (0, 1, 2, 8))
    return np.asarray(e + a * np.exp(-alpha * np.log(x["params"])) + _inner(theta, x)[2] ** eta)


def gradient(theta: Array, x: Variables) -> Array:
    """Derivatives (..., 9, n) of `value`, in the order of the parameters."""
    _, a, alpha, _, beta, _, gamma, eps, eta = np.moveaxis(theta[..., None], -2, 0)
    size = np.exp(-alpha * np.log(x["params"]))
    token, share, total = _inner(theta, x)
    slope = eta * total ** (eta - 1.0)
    log_share = np.log(x["share"] + eps)
    columns = (
        np.ones(()),
        size,
        -a * size * np.log(x["params"]),
        slope * np.exp(-beta * np.log(x["tokens"])),
        -slope * token * np.log(x["tokens"]),
        slope * np.exp(-gamma * log_share),
        -slope * share * log_share,
        -slope * share * gamma / (x["share"] + eps),
        total**eta * np.log(total),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-2)


_HALF = "strength of the {} part inside the power"
LAW = FunctionLaw(
    name="dcpt_l2",
    title="D-CPT law, form L2",
    source=f"{SOURCE}, law L2",
    parameters=(
        Parameter("E", 0.0, math.inf, "nats/token", FLOOR.meaning, start=(0.5, 4.0)),
        Parameter("A", 0.0, math.inf, "nats/token * params^alpha", "strength of the size term", start=(0.05, 2.0)),
        Parameter("alpha", 0.0, 3.0, "1", "how fast size pays", "exponent", (0.05, 1.2), (0.34, 0.15)),
        Parameter("B", 0.0, math.inf, "(nats/token)^(1/eta) * tokens^beta", _HALF.format("token"), start=(0.01, 1.0)),
        Parameter("beta", 0.0, 3.0, "1", "how fast tokens pay", "exponent", (0.05, 1.2), (0.28, 0.15)),
        Parameter("C", 0.0, math.inf, "(nats/token)^(1/eta)", _HALF.format("share"), start=(0.03, 3.0)),
        Parameter("gamma", 0.0, 10.0, "1", "how fast a share pays", "exponent", (0.02, 1.0), (0.15, 0.1)),
        Parameter("eps", 1e-6, 2.0, "1", "share at which the share part levels off", "shift", (1e-3, 0.3), (0.01, 1.5)),
        Parameter("eta", 1e-2, 20.0, "1", "the common power of both parts", "shift", (0.3, 3.0), (1.0, 0.7)),
    ),
    variables=("params", "tokens", "share"),
    function=value,
    derivative=gradient,
    formula_latex=(
        r"L = E + \frac{A}{N^{\alpha}} + \left(\frac{B}{D^{\beta}} + \frac{C}{(r + \epsilon)^{\gamma}}\right)^{\eta}"
    ),
    formula_text="L = E + A / N^alpha + (B / D^beta + C / (r + eps)^gamma)^eta",
    units={"A": ("params", "alpha"), "B": ("tokens", "beta")},
    linear=("E", "A"),
    # With one part alone the common power cannot be told from the part's own exponent.
    absent={"params": ("A", "alpha"), "tokens": ("B", "beta", "eta"), "share": ("C", "gamma", "eps", "eta")},
)
