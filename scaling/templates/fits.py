"""What a fit says of itself, and what hold-outs and comparisons of laws say."""

from __future__ import annotations

from collections.abc import Mapping

_RISE = "the general loss rises before it falls in {rising} of {total} runs ({some}), which the law cannot follow"

TEMPLATES: Mapping[str, str] = {
    # which law, and which rows
    "law_without_base": (
        "fitted with the law {law}: there is no base general loss (a row with tokens = 0) at params = {size}, which the law "
        "{default} needs and with which plans for other sizes are better"
    ),
    "rows_at_none": "{many} at a share of 0 left out: the law {law} has no value there",
    "warm_up_left_out": (
        "the first {share:.3g} of each run's tokens is left out, as the law begins after the warm-up (chosen by rollout over "
        "tokens)"
    ),
    "rise_burn_in_given": _RISE + "; the burn-in given is {share:.3g}",
    "rise_in_few": _RISE + "; so few that no burn-in is left out",
    "rise_unmeasured": _RISE + "; its runs have too few checkpoints to choose a burn-in, so none is left out",
    "rise_kept": _RISE + ": all rows are kept (chosen by rollout over tokens)",
    "rise_left_out": _RISE + ": the first {share:.3g} of each run's tokens is left out (chosen by rollout over tokens)",
    # what the table does not identify
    "not_fitted": "{names} not fitted: {why}",
    "in_floor": "the table has {one}, so the term is part of {floor}",
    "like_another": "the table has {one}, so the term varies with the {rest} alone, as another term does",
    "in_coefficient": "the table has {one}, so the factor is part of {coefficient}",
    "has_one": "the table has one {what}",
    "too_few_values": (
        "{levels} {what}s do not identify {name} beside {beside}: it is drawn to {typical}; {enough} or more would identify it"
    ),
    "says_little": (
        "the table says {how_much} about {name}, so it is drawn to {typical}; a wider range of {wider} would identify it"
    ),
    "not_looked_at": "the table has {levels} {what}s, which the law {law} does not look at",
    "not_apart": "the table cannot separate {names}; {cure}",
    "rise_together": "model size and token count rise together in this table, so their effects cannot be separated",
    "narrow_range": "the {what}s span a factor of {factor:.4g} only, so beyond them all is a guess",
    # how the optimum is
    "at_bound": (
        "{name} is at its {side} bound {bound:g} ({meaning}); resampling hardly moves it from there; a profile gives its "
        "interval"
    ),
    "poorly_conditioned": (
        "the fit is poorly conditioned (condition number {condition:.1e}), so single parameters mean little"
    ),
    "starts_disagree": "starts disagree: an optimum within 0.1 % of the best has other values of {names}",
    "not_converged": "the fit stopped before it had converged",
    # how the law fits
    "explains_little": "the law explains only {percent:.0f} % of the variance of the rows",
    "runs_far": "far from the law beside the other runs: {named}{more}",
    "against_trend": (
        "in {percent:.0f} % of the table's range the {corpus} loss rises with its {what}, against the law's own trends"
    ),
    # intervals
    "no_intervals": (
        "no intervals: with {runs}, the parameters of the {corpora} loss follow all that runs differ by luck, so nothing "
        "shows how much that is; more runs, or the same with another seed, would"
    ),
    "sandwich": "intervals are from the clustered sandwich covariance, the quick option: nothing was refitted",
    "wild_few_runs": "intervals are from a wild bootstrap of the runs' residuals: {few}",
    "wild_asked": "intervals are from a wild bootstrap of the runs' residuals: asked for",
    "few_draws": "{draws} draws are too few for an interval of {percent:g} %",
    # hold-outs and comparisons
    "end_held_out": (
        "{which}: an end of the trained range, held out, is extrapolation; published replay tables miss by 6-12 % there, this "
        "one by up to {here}"
    ),
    "end_never_trained": (
        "ratio {ends} never trained: what the law says there is extrapolation; published replay tables miss by 6-12 % there"
    ),
    "runs_differ_in": "the law {law} does not look at {name}, in which the runs differ",
    "held_out_unidentified": ("without {names} the rows do not identify every parameter ({corpora} loss)"),
    "not_scored": "{name} not scored: {why}",
    "not_compared": "{names} not compared: {why}",
    "laws_failed": "{laws}: {why}",
    "no_hold_out": "no hold-out over {name}: {why}",
    # predictions
    "loss_unidentified": "the table does not identify every parameter of the {corpus} loss",
    "ratio_untrained": "ratio {ratio:g} lies outside of those that were trained, {low:g} to {high:g}",
    "too_far_to_predict": (
        "the target's {name} are {beyond:.2g} times beyond those of the probes, so that one of them is likely to be in "
        "another unit, as billions are"
    ),
}
