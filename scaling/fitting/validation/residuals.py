"""A run table beside what a fit says of its rows."""

from __future__ import annotations

import pandas as pd

from scaling.errors import InputError
from scaling.fitting.estimation.learnability import with_learnability
from scaling.fitting.estimation.sample import run_names, sample
from scaling.fitting.estimation.transient import late_rows
from scaling.fitting.estimation.variables import tells_domains_apart
from scaling.fitting.result import Fit
from scaling.nearness import SAME
from scaling.runs import Runs


def residuals(runs: Runs, fit: Fit, corpus: str = "general") -> pd.DataFrame:
    """The rows of a table that a fit's law can say something of, one row each.

    Columns: run (a branch counts as its trunk), params, tokens, ratio; observed and predicted, losses in nats per token, or
    changes over the base loss where the law gives those; fitted, False for rows in the burn-in or outside of what was
    fitted. Raises `InputError` for a corpus that the fit lacks and a table that the law cannot use.
    """
    if corpus not in fit.corpora:
        raise InputError(f"{fit.provenance.source}: the fit has no {corpus} corpus")
    one = fit.corpora[corpus]
    law = one.law
    made = sample(with_learnability(runs) if tells_domains_apart(law) else runs, law, corpus, run_names(runs))
    where = {"params": made.x["params"], "tokens": made.x["tokens"], "ratio": made.ratio}
    fitted = late_rows(made, fit.burn_in)
    for name, values in where.items():
        low, high = one.ranges[name]
        fitted &= (values >= low * (1 - SAME)) & (values <= high * (1 + SAME))
    predicted = law.value(one.theta, made.x)
    return pd.DataFrame(
        {"run": made.names[made.run], **where, "observed": made.observed, "predicted": predicted, "fitted": fitted}
    )
