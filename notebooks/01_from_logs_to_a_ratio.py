# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From logs to a ratio in five minutes
#
# You are about to continue the pre-training of a language model on domain text. How much of it may the mix hold before
# the model forgets? This notebook answers from logs of small runs (probes), here of a real sweep: three model sizes,
# nine shares of Python text in a mix with general prose, each row a checkpoint. The question: for a model larger than
# any of these, how much Python before the general loss is more than 0.05 nats above the base model's?
#
# Two words used throughout: the **ratio** is the share of domain tokens in the mix, and the **critical ratio** the
# largest one that stays within the **tolerance**, the rise of the general loss that you accept.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import scaling

TOLERANCE = 0.05  # nats per token
runs = scaling.load_runs("../data/runs/prose-python.parquet")
runs.frame.groupby("params")[["ratio", "tokens", "seed"]].agg(["nunique", "max"])

# %% [markdown]
# ## Your own table
# Any CSV, JSONL or parquet file will do, or a DataFrame: one row a checkpoint. It needs three columns and at least one
# of the two losses (validation cross-entropy, nats per token).
#
# | column | what |
# |---|---|
# | `params` | model size, counted the same way in all rows (best without embeddings) |
# | `tokens` | CPT tokens so far; a row with 0 holds the losses of the base model |
# | `ratio` | share of domain tokens, 0 to 1 |
# | `general_loss`, `domain_loss` | on held-out text of either side |
#
# Worth adding: `run` (else it is made from the others), `seed`, `base_tokens` (what the base was pre-trained on), and
# standard errors as `general_loss_se`. Below a table from elsewhere, with names and units of its own, is brought into
# that form.

# %%
elsewhere = pd.DataFrame(
    {
        "model_b": [0.5, 0.5, 0.5, 0.5],  # billions of parameters
        "step": [0, 1000, 0, 1000],
        "general_percent": [75, 75, 50, 50],
        "eval/web": [2.91, 2.93, 2.91, 2.97],
        "eval/law": [2.40, 2.21, 2.40, 2.15],
    }
)
own = pd.DataFrame(
    {
        "params": elsewhere["model_b"] * 1e9,
        "tokens": elsewhere["step"] * 512 * 4096,  # steps, sequences a step, tokens a sequence
        "ratio": 1 - elsewhere["general_percent"] / 100,
        "general_loss": elsewhere["eval/web"],
        "domain_loss": elsewhere["eval/law"],
    }
)
scaling.load_runs(own).frame

# %% [markdown]
# What cannot be is refused in a sentence that names the column and the row; what is only odd is a warning.

# %%
try:
    scaling.load_runs(own.assign(ratio=elsewhere["general_percent"]))
except scaling.InputError as error:
    print(error)
for warning in (*scaling.load_runs(own).warnings, *runs.warnings):
    print("note:", warning)

# %% [markdown]
# ## What was measured
# Back to the sweep. At the end of its runs every size has a critical ratio of its own, without any law: where the rise
# of the general loss crosses the tolerance. `low` and `high` are the range over seeds.

# %%
measured = scaling.measured_critical_ratio(runs, TOLERANCE)
measured

# %% [markdown]
# ## Fit a law
# The forgetting law says how far the general loss moves from the base loss; the domain loss is fitted by the D-CPT law.
# The first part of each run is left out, where the general loss still rises because the learning rate is warmed up
# again.

# %%
fit = scaling.fit(runs, law="forgetting")
fit

# %% [markdown]
# Look before you believe it: points are finished runs, lines the law with its interval. A law that misses the points by
# as much as the tolerance cannot tell the ratio.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot.loss_by_ratio(runs, fit, "general", over_base=True, tolerance=TOLERANCE, ax=left)
scaling.plot.loss_by_ratio(runs, fit, "domain", ax=right)
plt.show()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot.loss_by_tokens(runs, fit, "general", ax=left)
scaling.plot.loss_by_tokens(runs, fit, "domain", ax=right)
plt.show()

# %% [markdown]
# ## Plan
# The target has four times the parameters of the largest probe and the same token budget. The notes below the answer
# are what you would be asked: how far it is from the probes, what was carried there, where the law is rough.

# %%
params = 4 * runs.frame["params"].max()
tokens = runs.frame["tokens"].max()
plan = scaling.critical_ratio(fit, params, tokens, TOLERANCE)
print(plan.summary())

# %% [markdown]
# ### Would another law say the same?
# Beside the forgetting law stand the D-CPT law, which is additive in size, and the CMR definition, whose critical ratio
# per size is carried to the target. [Notebook 3](03_how_far_can_i_trust_it.ipynb) asks which of them to trust on this
# table.

# %%
plans = {
    "forgetting law": plan,
    "D-CPT law": scaling.critical_ratio(scaling.fit(runs, law="dcpt"), params, tokens, TOLERANCE),
    "CMR law": scaling.critical_ratio(runs, params, tokens, TOLERANCE, method="cmr"),
}
answers = {name: (one.value, *one.interval, one.status) for name, one in plans.items()}
pd.DataFrame(answers, index=["critical ratio", "low", "high", "status"]).T

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot.tradeoff(fit, params, tokens, tolerance=TOLERANCE, ax=left)
scaling.plot.critical_ratio(measured, plans, ax=right)
plt.show()

# %% [markdown]
# ### What a tolerance buys
# The tolerance is your choice, not the tool's. More of it buys domain loss; the table says how much, and what the
# interval allows.

# %%
choices = {t: scaling.critical_ratio(fit, params, tokens, t) for t in (0.02, 0.05, 0.1, 0.2)}
pd.DataFrame(
    [
        {"tolerance": t, "critical ratio": p.value, "low": p.interval[0], "high": p.interval[1]}
        | {"general loss": p.general_loss.value, "domain loss": p.domain_loss.value, "status": p.status}
        for t, p in choices.items()
    ]
).style.format(precision=3, na_rep="none").hide(axis="index")

# %% [markdown]
# ## On the command line
# The same in two commands; every command takes `--json`:
#
# ```sh
# scaling check my-runs.csv
# scaling plan my-runs.csv --params 7B --tokens 20B --tolerance 0.05
# ```
#
# Next: [run your own probes](02_run_your_own_probes.ipynb), or ask [how far the answer can be
# trusted](03_how_far_can_i_trust_it.ipynb).
