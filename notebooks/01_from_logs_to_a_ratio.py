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
# The table holds the runs of a real sweep: three model sizes, nine shares of Python text in a mix with general prose.
# Each row is a checkpoint. The question: how much Python may the mix hold before the general loss rises by more than
# 0.05 nats over the base model's, for a model that is larger than any of these?

# %%
import matplotlib.pyplot as plt

import scaling

runs = scaling.load_runs("../data/runs/prose-python.parquet")
runs.frame.groupby("params")[["ratio", "tokens"]].agg(["nunique", "max"])

# %% [markdown]
# ## What was measured
# At the end of its runs every size has a critical ratio of its own: where the rise of the general loss crosses the
# tolerance.

# %%
measured = scaling.measured_critical_ratio(runs, tolerance=0.05)
measured

# %% [markdown]
# ## Fit a law
# The forgetting law says how far the general loss moves from the base loss; the domain loss is fitted by the D-CPT law. The
# first part of each run is left out, where the general loss still rises because the learning rate is warmed up again.

# %%
fit = scaling.fit(runs, law="forgetting")
print(fit.summary())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot_loss_by_ratio(runs, fit, "general", over_base=True, tolerance=0.05, ax=left)
scaling.plot_loss_by_ratio(runs, fit, "domain", ax=right)
# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot_loss_by_tokens(runs, fit, "general", ax=left)
scaling.plot_loss_by_tokens(runs, fit, "domain", ax=right)
# %% [markdown]
# ## Plan
# The target has four times the parameters of the largest probe and the same token budget. Beside the forgetting law stand
# the D-CPT law, which is additive in size, and the CMR definition, whose critical ratio per size is carried to the target.

# %%
params = 4 * runs.frame["params"].max()
tokens = runs.frame["tokens"].max()
plans = {
    "forgetting law": scaling.critical_ratio(fit, params, tokens, tolerance=0.05),
    "D-CPT law": scaling.critical_ratio(scaling.fit(runs, law="dcpt"), params, tokens, tolerance=0.05),
    "CMR law": scaling.cmr_plan(runs, params, tokens, tolerance=0.05),
}
for name, plan in plans.items():
    print(name, plan.summary(), sep="\n", end="\n\n")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot_tradeoff(fit, params, tokens, tolerance=0.05, ax=left)
scaling.plot_critical_ratio(measured, plans, ax=right)
