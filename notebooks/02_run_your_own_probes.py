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
# # Run your own probes: from corpus to sweep
#
# You have general text, domain text and a base model, and no logs. This notebook goes the whole way on a toy: it writes
# two corpora, describes a sweep, asks what it would cost, trains it, looks at the run table, fits a law and plans. The
# models are so small and so briefly trained that the ratio at the end is worth nothing; every step is the one that you
# would take with real ones.
#
# It takes under a minute of training on two cores, and writes into a temporary folder that is gone afterwards. Training
# needs torch (`pip install 'cpt-scaling[probes]'`, in a checkout `make test` installs it); fitting does not.

# %%
import json
import lzma
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import scaling

warnings.filterwarnings("ignore", message="IProgress")  # a bar that this notebook does without
from probes.config import load_sweep
from probes.cost import estimate
from probes.sweep import run

temporary = tempfile.TemporaryDirectory(prefix="probes-")
folder = Path(temporary.name)  # for a sweep of your own: a folder that stays, since a sweep goes on where it was cut

# %% [markdown]
# ## 1. Two corpora
# A corpus is a list of files: plain text, JSONL, parquet or a dataset saved to disk, compressed or not. Here the
# general side becomes one JSONL file of WordNet glosses and Bible chapters, and the domain side a folder of Python
# files, one document a file. Both come from the texts shipped in `data/corpora/small/`; put your own in their place.

# %%
SHIPPED = Path("../data/corpora/small")


def documents(name, characters):
    """The first documents of a shipped corpus, up to so many characters."""
    taken = []
    with lzma.open(SHIPPED / f"{name}.train.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            taken.append(json.loads(line)["text"])
            characters -= len(taken[-1])
            if characters < 0:
                return taken
    return taken


prose = [*documents("bible", 600_000), *documents("wordnet", 600_000)]
(folder / "prose.jsonl").write_text("".join(json.dumps({"text": one}) + "\n" for one in prose), encoding="utf-8")
(folder / "code").mkdir()
for k, one in enumerate(documents("python", 900_000)):
    (folder / "code" / f"{k:04}.py").write_text(one, encoding="utf-8")
print(f"{len(prose)} documents of prose, {k + 1} files of code")

# %% [markdown]
# ## 2. The sweep file
# It names the corpora, the bases, how the bases are trained, and the CPT runs: every base at every ratio (the share of
# **domain** tokens) and seed. Files are named relative to it. A twentieth of the documents is held out, by a hash of
# their text, and never trained on. [docs/probes.md](../docs/probes.md) has every key; an unknown one is an error that
# names it.

# %%
SWEEP = """\
name: toy
general: {name: prose, train: [prose.jsonl]}
domain: {name: code, train: [code/*.py]}
tokenizer: {vocab_size: 512}   # trained on the general side
context: 64
bases:
  - {depth: 2}                 # rungs of the built-in ladder
  - {depth: 3}
pretrain: {tokens: 100K, batch_tokens: 1024}
cpt:
  tokens: 32K
  batch_tokens: 1024
  ratios: [0, 0.25, 0.5, 0.75]
  checkpoints: 8
  first_checkpoint: 2
  learning_rate_fraction: 0.3  # of the base's peak rate
evaluate: {blocks: 32}
"""
sweep = folder / "toy.yaml"
_ = sweep.write_text(SWEEP, encoding="utf-8")

# %% [markdown]
# ## 3. What would it cost?
# In a shell: `probes plan toy.yaml`. It times matrix products of each size on this machine and trains nothing. From
# Python the same is `estimate`; tokens and FLOPs are a job's, hours those of all its runs.

# %%
pd.DataFrame(estimate(load_sweep(sweep)))

# %% [markdown]
# ## 4. Train
# In a shell: `probes run toy.yaml --out toy.parquet`, which shows bars; from Python `run`. It trains the bases, then
# the CPT runs from them, and writes the run table after every finished run. All runs see the same blocks in the same
# order and are scored on the same held-out blocks, so that their differences are known far better than their losses.

# %%
table = folder / "toy.parquet"
start = time.monotonic()
done = run(sweep, table)
print(f"{done.trained} jobs trained, {done.rows} rows, {time.monotonic() - start:.0f} s")

# %% [markdown]
# ### It goes on where it was
# A finished run is not trained again, and a run that was killed goes on from its last checkpoint to the same bits. So a
# sweep may be interrupted at any time, and made larger: add a ratio to the file, and only what is missing is trained.

# %%
sweep.write_text(SWEEP.replace("0.75]", "0.75, 0.9]"), encoding="utf-8")
done = run(sweep, table)
print(f"{done.trained} jobs trained now, {done.skipped} were there, {done.rows} rows")

# %% [markdown]
# What may not change under the same folder are the settings of runs that are there; that is refused, with what changed.

# %%
changed = folder / "changed.yaml"
changed.write_text(SWEEP.replace("fraction: 0.3", "fraction: 0.1"), encoding="utf-8")
try:
    run(changed, table)
except scaling.InputError as error:
    print(error)

# %% [markdown]
# ## 5. The run table
# One row a checkpoint. What a fit looks at are `params` (without embeddings), `tokens`, `ratio` and the two losses, in
# nats per token; the rest says how each row came about.

# %%
runs = scaling.load_runs(table)
columns = ["run", "params", "tokens", "ratio", "general_loss", "domain_loss", "general_change_se", "domain_epochs"]
runs.frame[columns].groupby("params").head(3)

# %% [markdown]
# The rows at `tokens` 0 hold the losses of the bases before CPT. They are what a rise is counted from: without them a
# tolerance has nothing to be compared with.

# %%
pd.concat([runs.base(corpus).assign(corpus=corpus) for corpus in runs.corpora]).set_index(["corpus", "params"])

# %%
for warning in runs.warnings:
    print("note:", warning)
rises = runs.finished("general").merge(
    runs.base("general").rename(columns={"loss": "base_loss"})[["params", "base_loss"]]
)
rises["rise"] = rises["general_loss"] - rises["base_loss"]
rises.pivot_table(values=["rise", "domain_loss"], index="params", columns="ratio").style.format("{:.3f}").format(
    "{:+.3f}", subset=["rise"]
)

# %% [markdown]
# ## 6. Fit and plan
# From here on it is [notebook 1](01_from_logs_to_a_ratio.ipynb). The tolerance is large because such young bases still
# learn from anything that they read. Read the notes below the answer: they say what two sizes and a few seconds of
# training cannot tell.

# %%
fit = scaling.fit(runs, law="forgetting")
target, tokens = 2 * runs.frame["params"].max(), runs.frame["tokens"].max()
plan = scaling.critical_ratio(fit, target, tokens, tolerance=0.1)
print(plan.summary())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
scaling.plot.loss_by_ratio(runs, fit, "general", over_base=True, tolerance=0.1, ax=left)
scaling.plot.loss_by_tokens(runs, fit, "general", ax=right)
plt.show()

# %% [markdown]
# Which probes would narrow the interval most, for a budget of as many FLOPs as the sweep has cost so far? The answer is
# a sweep file's `bases` and `ratios`, roughly.

# %%
flops = 6 * float((runs.finished("general")["params"] * runs.finished("general")["tokens"]).sum())
print(scaling.next_probes(runs, target, tokens, budget=flops, tolerance=0.1).summary())

# %% [markdown]
# ## 7. For real
# ### Your own model as the base
# A base is a rung of the ladder or anything that transformers loads: a folder, or the name of a model on the hub. It
# brings its own tokenizer; you say what its peak learning rate was, of which CPT takes `learning_rate_fraction`, and
# for how many tokens it was trained. The model stays as it is; each run starts from a copy. Here the base that was
# trained above stands in for yours: its weights as transformers saves them, and the tokenizer beside them.

# %%
from transformers import PreTrainedTokenizerFast

work = folder / "toy.parquet.work"
weights = sorted(work.glob("bases/*/model"))[0]
mine = folder / "my-model"
mine.mkdir()
for file in weights.iterdir():
    (mine / file.name).write_bytes(file.read_bytes())
vocabulary = next(work.glob("tokenizers/*.json"))
PreTrainedTokenizerFast(tokenizer_file=str(vocabulary), eos_token="<|end|>").save_pretrained(mine)
sorted(file.name for file in mine.iterdir())

# %%
OWN = """\
extends: toy.yaml
name: own
bases:
  - {path: my-model, learning_rate: 3.0e-3, base_tokens: 100K}   # or path: HuggingFaceTB/SmolLM2-135M
cpt: {tokens: 8K, ratios: [0, 0.5]}
"""
(folder / "own.yaml").write_text(OWN, encoding="utf-8")
run(folder / "own.yaml", folder / "own.parquet", work=folder / "own")
scaling.load_runs(folder / "own.parquet").finished("general")[
    ["base", "ratio", "tokens", "general_loss", "domain_loss"]
]

# %% [markdown]
# A base given by path has no rungs beside it. For a law across sizes list several bases: the small members of the
# family whose large member you want to train. They must share what the target shares: pre-training data, tokenizer,
# schedule.
#
# ### On a GPU
# Nothing else changes. It is found by itself; `together` trains so many runs of one base at once, which is what fills a
# GPU while models are small, and `compute` is for models that would not fit. `data/runs/gpu-ladder.yaml` is such a
# sweep. It costs nothing to ask for its price (on the machine that you ask):

# %%
print(Path("../data/runs/gpu-ladder.yaml").read_text(encoding="utf-8"))

# %% [markdown]
# ### Branches: several token counts for the price of one
# A loss in the middle of a run is not the loss of a run that ends there: ending means that the learning rate falls, and
# that alone lowers both losses. A **branch** leaves a run shortly before a token count of yours and is brought to its
# end there. `scaling` fits either the ends of branches or the trunks, never both as one.

# %%
BRANCHES = """\
extends: toy.yaml
name: branches
cpt: {branches: [8K, 16K, 32K]}
"""
(folder / "branches.yaml").write_text(BRANCHES, encoding="utf-8")
pd.DataFrame(estimate(load_sweep(folder / "branches.yaml")))[["base", "kind", "runs", "tokens", "flops"]]

# %% [markdown]
# A sweep of that kind is shipped. The same question asked of its two stages:

# %%
stages = {
    which: scaling.load_runs("../data/runs/prose-code-branches.parquet", stage=which) for which in ("trunk", "branches")
}
found = {
    which: scaling.measured_critical_ratio(one, 0.05).set_index("params")["ratio"] for which, one in stages.items()
}
pd.DataFrame(found).style.format(precision=3).set_caption("measured critical ratio, 0.05 nats")

# %% [markdown]
# ## What to take from here
# 1. Start with the shape above: two or three sizes, five ratios from 0 to 0.9, one seed more at the smallest size to
#    learn what luck is worth.
# 2. The schedule and the learning rate of the probes are those of the run that you plan.
# 3. Give CPT enough tokens that the general loss has turned: in `plot_loss_by_tokens` it rises first and then falls.
# 4. Ask `scaling next` where the next probe belongs, and [how far the answer can be
#    trusted](03_how_far_can_i_trust_it.ipynb).

# %%
temporary.cleanup()
