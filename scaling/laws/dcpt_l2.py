"""L2 of the D-CPT paper: tokens and share under one exponent.

The paper writes E + A/N^alpha + (B'/D^beta' + C'/(r + eps)^gamma')^eta. The same curves are written here with B = B'^eta,
beta = eta beta', C = C'^eta, gamma = eta gamma': each part is then a loss by itself, and eta only says how the two are
joined (1: their sum, which is L1; towards 0: the larger one). In the paper's letters a change of eta can be made good by
all four others, so that single values mean little and a solver creeps.

A power of a sum is not a sum of terms, so this one is a pure function with its own gradient. At a fixed share it is not
Chinchilla's law, which the authors count against it (no consistency).
"""

import numpy as np

from scaling.arrays import Array
from scaling.laws._dcpt import FLOOR, SHARE, SIZE, SOURCE, TOKENS
from scaling.laws.base import FunctionLaw, Parameter, Variables

_TINY = 1e-300  # a part that is gone has a logarithm too


def _joined(theta: Array, x: Variables) -> tuple[Array, Array, Array]:
    """log B/D^beta and log C/(r + eps)^gamma over eta, stacked first (2, ..., n); the log of the sum of their
    exponentials (..., n); eta (..., 1)."""
    _, _, _, b, beta, c, gamma, eps, eta = np.moveaxis(theta[..., None], -2, 0)
    token = np.log(np.maximum(b, _TINY)) - beta * np.log(x["tokens"])
    share = np.log(np.maximum(c, _TINY)) - gamma * np.log(x["share"] + eps)
    parts = np.stack(np.broadcast_arrays(token, share)) / eta
    return parts, np.logaddexp(*parts), eta


def value(theta: Array, x: Variables) -> Array:
    """The law at theta (..., 9) and x (n,): (..., n), nats per token."""
    e, a, alpha = (theta[..., j, None] for j in (0, 1, 2))
    _, total, eta = _joined(theta, x)
    return np.asarray(e + a * np.exp(-alpha * np.log(x["params"])) + np.exp(eta * total))


def gradient(theta: Array, x: Variables) -> Array:
    """Derivatives (..., 9, n) of `value`, in the order of the parameters."""
    _, a, alpha, b, _, c, gamma, eps, _ = np.moveaxis(theta[..., None], -2, 0)
    size = np.exp(-alpha * np.log(x["params"]))
    parts, total, eta = _joined(theta, x)
    joined = np.exp(eta * total)
    token, share = joined * np.exp(parts - total)  # what the joined part gains by a relative change of either
    columns = (
        np.ones(()),
        size,
        -a * size * np.log(x["params"]),
        token / np.maximum(b, _TINY),
        -token * np.log(x["tokens"]),
        share / np.maximum(c, _TINY),
        -share * np.log(x["share"] + eps),
        -share * gamma / (x["share"] + eps),
        joined * total - token * parts[0] - share * parts[1],
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-2)


LAW = FunctionLaw(
    name="dcpt_l2",
    title="D-CPT law, form L2",
    source=f"{SOURCE}, law L2",
    parameters=(
        Parameter("E", unit="nats/token", meaning=FLOOR.meaning, start=(0.5, 4.0)),
        Parameter("A", unit=SIZE[0].unit, meaning=SIZE[0].meaning, start=(0.05, 2.0)),
        SIZE[1],
        Parameter("B", unit=TOKENS[0].unit, meaning="strength of the token part", start=(0.03, 1.0)),
        TOKENS[1],
        Parameter("C", unit=SHARE[0].unit, meaning="strength of the share part", start=(0.05, 2.0)),
        *SHARE[1:],
        Parameter(
            "eta",
            lower=1e-2,
            upper=20.0,
            unit="1",
            meaning="how the two parts are joined",
            kind="shift",
            start=(0.3, 3.0),
            typical=(1.0, 0.7),
        ),
    ),
    variables=("params", "tokens", "share"),
    floor="E",
    function=value,
    derivative=gradient,
    formula_latex=(
        r"L = E + \frac{A}{N^{\alpha}} + \left(\left(\frac{B}{D^{\beta}}\right)^{1/\eta}"
        r" + \left(\frac{C}{(r + \epsilon)^{\gamma}}\right)^{1/\eta}\right)^{\eta}"
    ),
    formula_text="L = E + A / N^alpha + ((B / D^beta)^(1/eta) + (C / (r + eps)^gamma)^(1/eta))^eta",
    units={"A": ("params", "alpha"), "B": ("tokens", "beta")},
    linear=("E", "A"),
    shapes={"params": ("alpha",), "tokens": ("beta",), "share": ("gamma", "eps")},
    # With one part alone there is nothing to join.
    absent={"params": ("A", "alpha"), "tokens": ("B", "beta", "eta"), "share": ("C", "gamma", "eps", "eta")},
)
