from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.errors import InputError
from scaling.laws import Factor, FunctionLaw, Law, Parameter, Power, Term, TermLaw, get_law, law_names

PUBLISHED = Path(__file__).parents[3] / "data" / "published"
X = {
    "params": np.array([0.5, 1.0, 2.0, 4.0, 3.0]),
    "tokens": np.array([0.3, 1.0, 5.0, 20.0, 7.0]),
    "share": np.array([0.05, 0.2, 0.5, 0.9, 1.0]),
    "k1": np.array([2.0, 3.1, 5.0, 2.0, 4.0]),
    "k2": np.array([0.1, 0.5, 1.2, 0.1, 0.7]),
    "progress": np.array([0.001, 0.02, 0.1, 0.5, 2.0]),
}


def differences(law: Law, theta: np.ndarray, x: dict[str, np.ndarray]) -> np.ndarray:
    """Central differences (p, n)."""
    columns = []
    for j in range(len(theta)):
        step = np.zeros_like(theta)
        step[j] = 1e-5 * max(abs(theta[j]), 1e-2)  # rounding and curvature both stay below the tolerance
        columns.append((law.value(theta + step, x) - law.value(theta - step, x)) / (2 * step[j]))
    return np.array(columns)


def random_theta(law: Law, rng: np.random.Generator) -> np.ndarray:
    return np.array([rng.uniform(max(p.lower, -1.5) + 0.05, min(p.upper, 1.5)) for p in law.parameters])


@pytest.mark.parametrize("name", law_names())
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_gradient_is_the_values_derivative(name: str, seed: int) -> None:
    law = get_law(name)
    theta = random_theta(law, np.random.default_rng(seed))
    expected = differences(law, theta, X)
    np.testing.assert_allclose(law.gradient(theta, X), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", law_names())
def test_value_and_gradient_broadcast(name: str) -> None:
    law, rng = get_law(name), np.random.default_rng(1)
    thetas = np.array([random_theta(law, rng) for _ in range(3)])
    assert law.value(thetas[0], X).shape == (5,)
    assert law.value(thetas, X).shape == (3, 5)
    assert law.gradient(thetas, X).shape == (3, len(law.names), 5)
    np.testing.assert_array_equal(law.value(thetas, X)[1], law.value(thetas[1], X))
    np.testing.assert_array_equal(law.gradient(thetas, X)[2], law.gradient(thetas[2], X))


@pytest.mark.parametrize("name", law_names())
def test_a_law_says_what_it_is(name: str) -> None:
    law = get_law(name)
    assert "arXiv" in law.source
    assert law.title
    for parameter in law.parameters:
        assert parameter.unit
        assert parameter.meaning
        assert parameter.name in law.text()
        assert parameter.kind == "coefficient" or parameter.typical is not None


def test_formulas() -> None:
    law = get_law("dcpt")
    assert law.names == ("E", "A", "alpha", "B", "beta", "eta", "C", "gamma", "eps")
    assert law.text() == "L = E + A / N^alpha + B * r^eta / D^beta + C / (r + eps)^gamma"
    assert law.latex() == (
        r"L = E + \frac{A}{N^{\alpha}} + \frac{B \, r^{\eta}}{D^{\beta}} + \frac{C}{(r + \epsilon)^{\gamma}}"
    )
    assert get_law("dcpt_l4").text() == "L = E + A / N^alpha + B * b^r / D^beta + C / c^r"
    assert get_law("dcpt_l5").text() == "L = E + A / N^alpha + B / (D^beta * (r + (1 - r) * sigma)^beta)"
    assert get_law("dcpt_cross_k3").text().endswith(" + C / (r + eps)^gamma + F / (1/k1 + w * k2)^mu")
    assert get_law("dcpt_cross_k1").latex().endswith(r"F \, k_{1}^{\mu}")
    assert get_law("cmr_token2").text() == "dL = b2 + a2 * D^s2 + a3 * D^s3"


def test_dcpt_by_hand() -> None:
    theta = {
        "E": 1.5,
        "A": 400.0,
        "alpha": 0.3,
        "B": 50.0,
        "beta": 0.25,
        "eta": 0.4,
        "C": 0.2,
        "gamma": 0.15,
        "eps": 0.02,
    }
    law = get_law("dcpt")
    n, d, r = 1.8e9, 5e9, 0.3
    expected = 1.5 + 400 / n**0.3 + 50 * r**0.4 / d**0.25 + 0.2 / (r + 0.02) ** 0.15
    x = {"params": np.array([n]), "tokens": np.array([d]), "share": np.array([r])}
    value = law.value(np.array([theta[k] for k in law.names]), x)
    assert value[0] == pytest.approx(expected, rel=1e-14)


def test_l2_has_the_papers_values() -> None:
    law, (e, a, alpha, b, beta, c, gamma, eps, eta) = (
        get_law("dcpt_l2"),
        (1.5, 3.0, 0.3, 0.7, 0.25, 0.4, 0.2, 0.02, 1.3),
    )
    n, d, r = (X[v] for v in ("params", "tokens", "share"))
    expected = e + a / n**alpha + (b / d**beta + c / (r + eps) ** gamma) ** eta
    ours = np.array([e, a, alpha, b**eta, beta * eta, c**eta, gamma * eta, eps, eta])
    np.testing.assert_allclose(law.value(ours, X), expected, rtol=1e-13)


def test_l2_without_a_part_is_finite() -> None:
    law = get_law("dcpt_l2")
    theta = np.array([[1.5, 3.0, 0.3, 0.0, 0.25, 0.4, 0.2, 0.02, 0.5], [1.5, 3.0, 0.3, 0.5, 0.25, 0.0, 0.2, 0.02, 2.0]])
    assert np.isfinite(law.value(theta, X)).all()
    assert np.isfinite(law.gradient(theta, X)).all()


def test_l5_is_the_papers_bracket() -> None:
    law, (e, a, alpha, b, beta, sigma) = get_law("dcpt_l5"), (1.5, 3.0, 0.3, 0.7, 0.25, 0.1)
    n, d, r = (X[v] for v in ("params", "tokens", "share"))
    expected = e + a / n**alpha + b / (r * d + (1 - r) * sigma * d) ** beta
    np.testing.assert_allclose(law.value(np.array([e, a, alpha, b, beta, sigma]), X), expected, rtol=1e-14)


def test_a_function_without_some_parameters_has_them_at_their_neutral_values() -> None:
    law = get_law("dcpt_l2")
    assert isinstance(law, FunctionLaw)
    theta = np.array([[1.0, 0.4, 0.3, 0.6, 0.25, 0.5, 0.2, 0.05, 1.3]])
    less = law.without(law.absent["share"])
    assert less.names == ("E", "A", "alpha", "B", "beta")
    chinchilla = get_law("chinchilla")
    np.testing.assert_allclose(less.value(theta[:, :5], X), chinchilla.value(theta[:, :5], X), rtol=1e-14)
    np.testing.assert_allclose(less.gradient(theta[:, :5], X), chinchilla.gradient(theta[:, :5], X), rtol=1e-12)
    assert law.without(()) is law
    assert (law.floor, less.floor, law.without(["E"]).floor) == ("E", "E", None)


def test_dcpt_is_finite_at_the_ends_of_the_share() -> None:
    law = get_law("dcpt")
    theta = np.array([1.5, 400.0, 0.3, 50.0, 0.25, 0.4, 0.2, 0.15, 0.02])
    x = {"params": np.full(2, 1e9), "tokens": np.full(2, 1e9), "share": np.array([0.0, 1.0])}
    assert np.isfinite(law.value(theta, x)).all()
    assert np.isfinite(law.gradient(theta, x)).all()


def test_cmr_critical_ratio_of_table_5() -> None:
    table = pd.read_csv(PUBLISHED / "cmr_table5_critical_ratio.csv").dropna(subset=["a4"])
    law = get_law("cmr_critical")
    got = law.value(table[["a4", "s4", "b3"]].to_numpy(float), {"tokens": np.array([20e9 / 0.2e9])})[:, 0]
    np.testing.assert_allclose(got, table["critical_ratio_at_20e9_tokens"], atol=5e-4)
    np.testing.assert_allclose(got, [0.298, 0.349, 0.414, 0.478], atol=5e-4)


def test_an_unknown_law_is_the_users_mistake() -> None:
    with pytest.raises(InputError, match=r"no law called 'dcpd'.*chinchilla"):
        get_law("dcpd")


def test_interchangeable_terms_get_an_order() -> None:
    law = get_law("cmr_token2")
    assert isinstance(law, TermLaw)
    theta = np.array([[1.0, -0.5, 2.0, 0.3, 0.1], [2.0, 0.3, 1.0, -0.5, 0.1]])  # a2 s2 a3 s3 b2
    ordered = law.canonical(theta)
    np.testing.assert_array_equal(ordered[0], ordered[1])
    np.testing.assert_allclose(law.value(theta, X), law.value(ordered, X))


def test_a_law_asks_nothing_of_its_variables_and_has_one_order_unless_it_says_so() -> None:
    law, theta = get_law("dcpt_l2"), np.array([1.5, 3.0, 0.3, 0.7, 0.25, 0.4, 0.2, 0.02, 1.3])
    assert law.needs_positive() == ()
    np.testing.assert_array_equal(law.canonical(theta), theta)
    assert get_law("cmr_ratio").needs_positive() == ("share",)
    assert get_law("dcpt").needs_positive() == ("params", "tokens")


@dataclass(frozen=True)
class MinusLog(Factor):
    """-log(variable + shift): a factor that is not in log, with no more than a new factor must have."""

    variable: str
    shift: str

    @property
    def variables(self):
        return (self.variable,)

    @property
    def parameters(self):
        return (self.shift,)

    def value(self, theta, prepared):
        return -np.log(prepared + theta[self.shift])

    def derivatives(self, theta, prepared):
        return [-1 / (prepared + theta[self.shift])]

    def latex(self):
        return rf"[-\log(r + {self.shift})]"

    def text(self):
        return f"-log(r + {self.shift})"


def test_a_new_kind_of_factor_is_one_class() -> None:
    parameters = (
        Parameter("a", unit="nats", meaning="level"),
        Parameter("c", unit="nats", meaning="slope"),
        Parameter("eps", lower=1e-5, upper=1.0, unit="1", meaning="cliff", kind="shift", start=(1e-4, 0.1)),
        Parameter("k", upper=2.0, unit="1", meaning="growth", kind="exponent", start=(0.1, 1.0)),
    )
    terms = (Term("c", (MinusLog("share", "eps"), Power("tokens", "k"))),)
    law = TermLaw("lead", "lead", "here", parameters, ("share", "tokens"), floor="a", terms=terms)
    theta = np.array([2.5, 0.16, 0.01, 0.3])
    np.testing.assert_allclose(law.value(theta, X), 2.5 - 0.16 * np.log(X["share"] + 0.01) * X["tokens"] ** 0.3)
    np.testing.assert_allclose(law.gradient(theta, X), differences(law, theta, X), rtol=1e-6, atol=1e-8)


def test_a_factor_gives_the_derivatives_of_all_its_parameters() -> None:
    class Forgetful(MinusLog):
        def derivatives(self, theta, prepared):
            return Factor.derivatives(self, theta, prepared)

    term = Term("c", (Forgetful("share", "eps"),))
    with pytest.raises(AssertionError, match="Forgetful has parameters"):
        term.evaluate({"c": np.ones(1), "eps": np.ones(1)}, term.prepare(X), True)


def test_shifts_have_the_unit_of_what_they_are_added_to() -> None:
    assert MinusLog("share", "eps").shift_of("eps") is None
    power = Power("tokens", "k", shift="m")
    assert [power.shift_of(name) for name in ("k", "m")] == [None, "tokens"]
    (thinning,) = (f for t in get_law("forgetting").terms for f in t.factors if len(f.variables) > 1)
    assert [thinning.shift_of(name) for name in ("delta", "m")] == [None, "tokens"]


def test_a_law_can_be_a_pure_function() -> None:
    law = FunctionLaw(
        "exp",
        "exp",
        "here",
        tuple(Parameter(n, upper=5, unit="1", meaning=n, kind="other", start=(0.1, 2.0)) for n in ("a", "b", "k")),
        ("share",),
        function=lambda t, x: t[..., 0, None] + t[..., 1, None] * np.exp(-t[..., 2, None] * x["share"]),
        derivative=lambda t, x: np.stack(
            np.broadcast_arrays(
                1.0,
                np.exp(-t[..., 2, None] * x["share"]),
                -t[..., 1, None] * x["share"] * np.exp(-t[..., 2, None] * x["share"]),
            ),
            axis=-2,
        ),
    )
    theta = np.array([1.0, 0.5, 2.0])
    np.testing.assert_allclose(law.gradient(theta, X), differences(law, theta, X), rtol=1e-6, atol=1e-8)
