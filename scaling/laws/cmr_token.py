"""CMR's token laws: change of a loss over the base loss against tokens, within one run.

One term for the domain loss, which falls; two terms for the general loss, which rises first and then falls:
coefficients are signed. Changes may be negative, so they are fitted on plain residuals.
"""

import math

from scaling.laws.base import Parameter
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

_SOURCE = "Gu et al. 2024, CMR Scaling Law, arXiv 2407.17467, section 4: "


def _pair(coefficient: str, exponent: str, meaning: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(coefficient, lower=-math.inf, unit="nats/token * tokens^-s", meaning=meaning),
        Parameter(
            exponent,
            lower=-3.0,
            upper=3.0,
            unit="1",
            meaning=f"exponent of {coefficient}'s term",
            kind="exponent",
            start=(-2.9, 2.9),
            typical=(-0.3, 0.5),
        ),
    )


LAWS = (
    TermLaw(
        name="cmr_token",
        title="CMR token law, one term",
        source=_SOURCE + "dL(T) = a1 T^s1 + b1",
        parameters=(
            *_pair("a1", "s1", "change with tokens"),
            Parameter("b1", lower=-math.inf, unit="nats/token", meaning="change that stays or would come at once"),
        ),
        variables=("tokens",),
        target="delta",
        loss="squared",
        follows_rise=True,
        floor="b1",
        terms=(Term("a1", (Power("tokens", "s1"),)),),
        symbol="dL",
    ),
    TermLaw(
        name="cmr_token2",
        title="CMR token law, two terms",
        source=_SOURCE + "dL(T) = a2 T^s2 + a3 T^s3 + b2",
        parameters=(
            *_pair("a2", "s2", "the term with the larger exponent"),
            *_pair("a3", "s3", "the term with the smaller exponent"),
            Parameter("b2", lower=-math.inf, unit="nats/token", meaning="change that stays or would come at once"),
        ),
        variables=("tokens",),
        target="delta",
        loss="squared",
        follows_rise=True,
        floor="b2",
        terms=(Term("a2", (Power("tokens", "s2"),)), Term("a3", (Power("tokens", "s3"),))),
        symbol="dL",
    ),
)
