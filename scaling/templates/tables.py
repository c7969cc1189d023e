"""What a run table says of itself."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    # what it lacks
    "one_run": "only one run: there is nothing to resample, so intervals say little",
    "one_size": "only one model size: nothing can be said about other sizes",
    "no_ratio": "no column ratio: only a law that does not look at it can be fitted (chinchilla)",
    "only_ratio": "only one ratio: nothing can be said about other ratios",
    "no_base_losses": ("no base losses: no row at tokens 0 has a general loss, so give a plan the base general loss"),
    "base_losses_lacking": "no base general loss, a row at tokens 0, at params {sizes}{spare}",
    "one_corpus": "no {loss} after tokens 0: only the other corpus can be fitted",
    # what is mixed in it
    "mixed_stages": (
        "finished losses of {which} annealed, and higher ones of runs in their middle are mixed: choose a stage, trunk or "
        "branches"
    ),
    "mixed_run": "run {run} has {count} values of {column}: a run is one model at one ratio",
    "several_domains": (
        "several domains ({names}) in one table: fit one at a time, or all with a law that distinguishes them (dcpt_cross_k3)"
    ),
    "corpora_swapped": (
        "general loss falls and domain loss rises with the ratio: the two corpora look swapped, or ratio is the general share"
    ),
    "stage_chosen": "stage {kept}: {gone} left out",
    "stage_by_itself": (
        "stage {kept}: {gone} left out, for losses in mid-run and of annealed branches are not on one curve, and {why} "
        "(option stage)"
    ),
    "schedules_differ": "several values of schedule ({names}): the laws do not know it; plan for one at a time",
    "rates_differ": (
        "several values of learning_rate at {size:count} params (peaks {peaks}): the laws do not know it; plan for one at a "
        "time"
    ),
    "base_losses_differ": (
        "base {corpus} losses at {size:count} params differ by {spread:.2g} nats between runs{more}: their mean is used, so "
        "plan for one base and one held-out text at a time"
    ),
    "base_tokens_differ": ("base_tokens at {size:count} params is {span}: runs of one size start from one base"),
    # numbers that no model has
    "params_small": "params is {span}: sizes are numbers of parameters; write 7e7 or 70000000 for 70 million",
    "tokens_small": "tokens is {most:g} at most{where}: write numbers of tokens; 2e9 for 2 billion",
    "base_tokens_small": "base_tokens is {span}: write numbers of tokens; 3e11 for 300 billion",
    "loss_diverged": (
        "{loss} is {most:.3g} in run {run}, above {limit} nats, the log of the largest vocabularies: leave out a run that has "
        "diverged"
    ),
    "loss_perplexity": (
        "{loss} is up to {most:.3g}, above {limit} nats, the log of the largest vocabularies: these look like perplexities; "
        "write their natural logs"
    ),
    # counts and rows that were joined
    "counts_joined": "{what} within 1 % count as one: {listed}",
    "progress_joined": ("CPT is {span} of the base's tokens in every run: within 1 %, so one ratio"),
    "evaluated_again": (
        "{many} evaluated more than once, as when a run is resumed ({first}): the later row is kept; {loss} differs by up to "
        "{most:.2g} nats"
    ),
    "rows_copied": "{many} left out{unlike}",
    "rows_joined": "{many} in several rows, which were joined",
    "rises_then_falls": "the general loss rises before it falls in {many}: {runs}",
}
