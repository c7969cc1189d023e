"""The Cross-Domain D-CPT law: features from the table, several domains in one fit, others predicted."""

import numpy as np
import pandas as pd
import pytest

from scaling.errors import InputError
from scaling.fitting import fit, load_fit
from scaling.fitting.estimation.learnability import learnability, with_learnability
from scaling.fitting.validation import validate_law
from scaling.laws import get_law
from scaling.planning import critical_ratio
from scaling.runs import validate

# start loss k1 and first fall k2 of each domain, nats per token
DOMAINS = {"code": (4.0, 1.9), "law": (3.0, 0.6), "maths": (3.6, 1.2), "music": (4.4, 0.9), "medicine": (3.2, 0.4)}
TRUTH = {"E": 0.6, "A": 600.0, "alpha": 0.32, "B": 20.0, "beta": 0.3, "eta": 0.5, "C": 0.3, "gamma": 0.2, "eps": 0.02}
TOKENS = (0.1e9, 0.2e9, 0.4e9, 1e9, 3e9, 8e9)


def make(name: str, domains=tuple(DOMAINS), noise: float = 0.0, general: bool = False) -> pd.DataFrame:
    """Losses by the law from tokens 1e9 on; the three evaluations before are the features, by construction."""
    law = get_law(name)
    theta = np.array([{**TRUTH, "F": 1.1, "mu": 0.8, "w": 0.3}[n] for n in law.names])
    random, rows = np.random.default_rng(0), []
    for domain in domains:
        k1, k2 = DOMAINS[domain]
        for params in (0.5e9, 1e9, 2e9):
            for ratio in (0.1, 0.3, 0.6, 1.0):
                rows.append((domain, params, ratio, 0.0, k1))
                for tokens in TOKENS:
                    x = {"params": params, "tokens": tokens, "share": ratio, "k1": k1, "k2": k2}
                    value = float(law.value(theta, {v: np.array([number]) for v, number in x.items()})[0])
                    early = k1 - k2 * tokens / 0.4e9
                    loss = value * np.exp(noise * random.normal()) if tokens > 0.5e9 else early
                    rows.append((domain, params, ratio, tokens, loss))
    frame = pd.DataFrame(rows, columns=["domain", "params", "ratio", "tokens", "domain_loss"])
    if general:
        frame["general_loss"] = 2.5 + 0.2 * frame["params"].pow(-0.05) - 0.05 * np.log(1.01 - frame["ratio"])
        frame.loc[frame["tokens"] == 0, "general_loss"] = 2.6
    return frame


def late(frame: pd.DataFrame):
    """The table with its features, without the evaluations that the law was not used for."""
    runs = with_learnability(validate(frame))
    return runs.select((runs.frame["tokens"] == 0) | (runs.frame["tokens"] > 0.5e9))


def test_features_are_read_at_one_token_count_where_domains_have_it_in_common():
    frame = make("dcpt_cross_k3")
    # One domain with a short run at one size and ratio only: the others are compared there.
    short = (frame["domain"] != "music") | (
        (frame["params"] == 1e9) & (frame["ratio"] == 0.3) & (frame["tokens"] <= 0.4e9)
    )
    found = learnability(validate(frame[short])).set_index("domain")
    for domain, (k1, k2) in DOMAINS.items():
        assert found.loc[domain, "k1"] == pytest.approx(k1)
        assert found.loc[domain, "k2"] == pytest.approx(k2)
    assert set(found["tokens"]) == {0.4e9}


def test_a_domain_with_other_checkpoints_is_interpolated():
    frame = make("dcpt_cross_k3")
    thinned = frame[(frame["domain"] != "law") | (frame["tokens"] != 0.2e9)]
    pd.testing.assert_frame_equal(learnability(validate(frame)), learnability(validate(thinned)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f[(f["domain"] != "law") | (f["tokens"] > 0)], "domain loss of law at tokens 0"),
        (lambda f: f[(f["domain"] == "law") == (f["ratio"] == 0.3)], "no runs of one size and ratio"),
        (lambda f: f.assign(domain_loss=np.nan, general_loss=3.0), "there is no domain_loss"),
    ],
)
def test_tables_without_features(change, says):
    with pytest.raises(InputError, match=says):
        learnability(validate(change(make("dcpt_cross_k3"))))


def test_a_domain_whose_loss_does_not_fall_has_no_k2():
    frame = make("dcpt_cross_k2", domains=("code", "law"))
    frame.loc[(frame["domain"] == "law") & (frame["tokens"] > 0), "domain_loss"] = 3.1
    with pytest.raises(InputError, match=r"learnability k2 of law is -0\.1, not above 0"):
        fit(validate(frame), "dcpt_cross_k2", draws=0)


@pytest.mark.parametrize("name", ["dcpt_cross_k1", "dcpt_cross_k2", "dcpt_cross_k3"])
def test_domains_that_were_not_fitted_are_predicted(name):
    runs = late(make(name))
    train = runs.frame["domain"].isin(["code", "law", "maths", "music"])
    made = fit(runs.select(train), name, draws=0, threads=1, burn_in=0)
    for domain, (k1, k2) in DOMAINS.items():
        values = {v: number for v, number in (("k1", k1), ("k2", k2)) if v in get_law(name).variables}
        there = made.at(**values).domain
        rows = runs.frame[(runs.frame["domain"] == domain) & (runs.frame["tokens"] > 0)]
        error = there.curve(rows["params"], rows["tokens"], rows["ratio"]) / rows["domain_loss"] - 1
        assert np.abs(error).max() < 1e-4, domain
    rows = runs.frame[(runs.frame["domain"] == "law") & (runs.frame["tokens"] > 0)]
    named = made.at("law").domain.curve(rows["params"], rows["tokens"], rows["ratio"])
    np.testing.assert_allclose(named, rows["domain_loss"], rtol=1e-4)


def test_a_fit_of_several_domains_asks_for_one(tmp_path):
    made = fit(late(make("dcpt_cross_k3", general=True)), "dcpt_cross_k3", draws=5, threads=1)
    where = {"params": 1e9, "tokens": 1e9, "ratio": 0.3}
    with pytest.raises(InputError, match="several domains"):
        made.predict(**where)
    with pytest.raises(InputError, match="several domains"):
        critical_ratio(made, 2e9, 1e9)
    with pytest.raises(InputError, match="no domain 'dance'; it has code, law"):
        made.at("dance")
    with pytest.raises(InputError, match="looks at k1, k2"):
        made.at(k1=3.0)
    one = made.at("law")
    assert critical_ratio(one, 2e9, 1e9).status in ("ok", "unconstrained")
    with pytest.raises(InputError, match=r"for one domain \(law\)"):
        one.at(k1=3.0, k2=1.0)
    made.save(tmp_path / "fit.json")
    again = load_fit(tmp_path / "fit.json").at("law")
    assert again.predict(**where)["domain_loss"] == one.predict(**where)["domain_loss"]


def test_one_domain_only_drops_the_learnability_term():
    runs = late(make("dcpt_cross_k3", domains=("code",)))
    made, plain = (fit(runs, law, draws=0, threads=1).domain for law in ("dcpt_cross_k3", "dcpt"))
    assert set(made.dropped) == {"F", "mu", "w"}
    assert any("F, mu, w not fitted: the table has one domain, so the term is part of E" in w for w in made.warnings)
    assert float(made.curve(1e9, 1e9, 0.3)) == pytest.approx(float(plain.curve(1e9, 1e9, 0.3)), rel=1e-6)


def test_validation_holds_domains_out():
    found = validate_law(late(make("dcpt_cross_k1", noise=1e-3)), "dcpt_cross_k1", "domain", threads=1, burn_in=0)
    assert [g.split.name for g in found.groups] == [f"domain {d}" for d in sorted(DOMAINS)]
    assert found.total["domain"].mape < 0.02
    with pytest.raises(InputError, match="one domain cannot predict another"):
        validate_law(late(make("dcpt_cross_k1", domains=("code", "law"))), "dcpt_cross_k1", "domain", threads=1)
    with pytest.raises(InputError, match="no column domain"):
        validate_law(late(make("dcpt_cross_k1", domains=("law",)).drop(columns="domain")), "dcpt_cross_k1", "domain")


def test_features_of_branches_are_those_of_one_run(branched):
    frame = make("dcpt_cross_k3").assign(run=lambda f: f["domain"] + f["params"].astype(str) + f["ratio"].astype(str))
    split = branched(frame[frame["tokens"] > 0])
    both = [frame, pd.concat([frame[frame["tokens"] == 0], split])]
    one, other = (learnability(validate(table)) for table in both)
    pd.testing.assert_frame_equal(one, other)
