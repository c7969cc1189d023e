"""What plans say: of questions, of targets far from the probes, of the answer and the base loss behind it."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    # questions that make no sense
    "not_positive": "{name} must be above 0, not {given:g}",
    "tolerance_negative": "tolerance must not be negative, and is {given:g}",
    "smaller_than_probes": (
        "params {params:count} is smaller than the smallest probe ({smallest:count}); a plan carries probes to models of "
        "their size or larger"
    ),
    "base_tokens_without_use": (
        "the table does not say for every size how long its base was trained (column base_tokens), so the target's base "
        "tokens cannot be used"
    ),
    # where a table cannot carry an answer
    "law_blind": "the law {law} does not look at {name}, in which the probes differ",
    "law_blind_to": "the law {law} does not look at {name}",
    "one_ratio": "the table has only one ratio ({only:g}), so nothing is known at others",
    "one_ratio_here": "the table has only one ratio ({only:g}), so nothing is known at {asked:g}",
    "one_value_only": "all probes have {only:count} {name}, so nothing is known at others",
    "one_value": "all probes have {only:count} {name}, so nothing is known at {asked:count}",
    "too_far": (
        "the target's {name} are {beyond:.2g} times beyond those of the probes, so that one of them is likely to "
        "be in another unit, as billions are; --far answers where it is meant"
    ),
    "impossible_loss": (
        "the law gives a {name} of {loss:.3g} nats at the target, which no model has: it lies too far from the "
        "probes, or columns are in other units than the contract's"
    ),
    "no_base_loss": "the table has no general loss at tokens 0",
    "one_base_loss": "the only base loss is that of {size:count} params",
    "give_base_loss": "{reason}; give the target's with --base-general-loss",
    # the answer itself
    "infeasible": (
        "the least rise there is exceeds the tolerance by {over:.4f} nats, at ratio {ratio:.3g}; a lower "
        "learning rate, more tokens or a larger tolerance would help"
    ),
    "low_ratios_fail": "below ratio {ratio:.3g} the general loss is not within the tolerance either",
    "draws_fail": "in {percent:.3g} % of the draws no ratio stays within the tolerance",
    # the base loss of the target
    "base_by_size_term": (
        "the base general loss is carried from other sizes; measuring it needs only the base checkpoint"
    ),
    "base_by_one_size": (
        "the base general loss is carried from other sizes; measuring it needs only the base checkpoint, and one "
        "size alone ({size:count}) cannot say how well that works"
    ),
    "rise_by_size": (
        "the rise over the base loss {way} with model size, by {span:.3f} nats over the probes, and a law that "
        "is additive in size cannot carry that to the target"
    ),
    "base_by_power_law": "the base general loss is carried from other sizes by a power law",
    "loss_unknown": "the loss itself is unknown: {reason}",
    # how far away it is
    "compute_far": (
        "the target is {compute:.3g}x the compute of the largest probe: published laws stay near 2 % error in "
        "the loss up to 3x and reach 10 % at 10x"
    ),
    "tokens_few": "no checkpoint that was fitted has as few as {tokens:count} tokens",
    "ratio_outside": (
        "the {what} {ratio:.3f} lies outside the probed ratios {low:g} to {high:g}; replay tables are missed by "
        "6 to 12 % at an end that was never trained"
    ),
    "ratio_in_a_gap": (
        "the {what} {ratio:.3f} lies between the probed ratios {low:g} and {high:g}; a probe between them would pin it"
    ),
    # what the bases saw
    "base_tokens_unsaid": (
        "the table does not say for every size how long its base was trained (column base_tokens): all are taken "
        "to have seen the same tokens, many more than CPT has"
    ),
    "base_tokens_carried": (
        "the target's base is taken to have seen {tokens:count} tokens, as the trend of the probes' bases continues"
    ),
    "replay_far": (
        "CPT is {value:.3g} of the tokens of the target's base, and {low:.3g} to {high:.3g} of those of the "
        "probes': what replay gains is extrapolated"
    ),
    "base_far": (
        "the target's base saw {value:.3g} tokens per parameter, those of the probes {low:.3g} to {high:.3g}, "
        "which the law does not look at: one more extrapolation"
    ),
    # the fit behind it
    "law_rough_near": (
        "the law misses the general loss of finished runs near this ratio by {miss:.3g} nats, which is large for a tolerance "
        "of {allowed:.3g} nats"
    ),
    "law_rough": (
        "the law misses the general loss of its rows by {miss:.3g} nats, which is large for a tolerance of {allowed:.3g} nats"
    ),
    "no_domain": "the fit has no domain corpus, so the domain loss is unknown",
    "domain_unknown": "domain loss unknown: {reason}",
    # limited domain data, a split of compute, a trade-off
    "no_general": "the fit has no general corpus, so the general loss is unknown",
    "general_unknown": "general loss unknown: {reason}",
    "no_base_at": (
        "the law {law} gives changes of the loss, and the table has no base {corpus} loss at {size:count} params, so the "
        "{corpus} loss itself is unknown"
    ),
    "draws_at_end": (
        "in {percent:.3g} % of the draws the domain loss is least at an end of the ratios that were searched"
    ),
    "still_falls": "the domain loss still falls at ratio {ratio:.3g}, the smallest that was searched",
    "capped": "ratios above {ratio:.3f} would show the domain data over {epochs:g} times",
    "pure_domain_best": (
        "the domain loss is least at ratio 1, pure domain text: by this fit general text does not help it"
    ),
    "domain_unseen": (
        "only {seen:count} of the {there:count} domain tokens are seen; a larger budget would use the others"
    ),
    "repeats_no_table": (
        "the domain data is seen {epochs:.3g} times; repeats count by the discount of Muennighoff et al. 2023, and how often "
        "the probes repeated theirs is not known from the fit"
    ),
    "repeats_not_logged": (
        "the domain data is seen {epochs:.3g} times; repeats count by the discount of Muennighoff et al. 2023, and without a "
        "column unique_domain_tokens it is not known how often the probes did"
    ),
    "repeats_untested": (
        "the domain data is seen {epochs:.3g} times; repeats count by the discount of Muennighoff et al. 2023, which the "
        "probes do not test: they saw theirs at most {probed:.3g} times"
    ),
    "sizes_cut": (
        "in {percent:.3g} % of the draws the best size lies at an end of those searched, so the interval is cut there"
    ),
    "split_far": (
        "the best {name} lie {beyond:.3g}x outside the probed range, where the split rests on the law's exponents"
    ),
    "no_split": (
        "the {corpus} loss {way} with model size at this compute over all sizes searched, so that the best would be the "
        "{most} ({size:count}): the fit does not show how to split the compute"
    ),
    "ratios_marked": (
        "ratios outside the probed {low:g} to {high:g} are marked (?): no run shows their losses, and they are not on "
        "the front"
    ),
    # one answer per size, carried across sizes
    "ratio_by_size": "critical ratio by size: {listed}",
    "no_interval": "no interval: the runs at {sizes} params are too few for one",
    "sizes_agree": "every size's general loss {every} the tolerance at any ratio",
    "link_needs_sizes": "to carry the critical ratio to {target:count} params takes two or more sizes ({listed})",
    "sizes_left_out": "sizes at which no ratio passes, or every one, are not in the link",
    "linked": "-log(1 - ratio) is carried as a power law in params",
    "linked_by_two": (
        "-log(1 - ratio) is carried as a power law in params; the error of that link is not in the interval"
    ),
    "size_not_linked": "at {size:count} params: not in the link, as {reason}",
    "size_far": "its runs end at {ends:count} tokens, and it answers for {asked:count}",
    "equal_progress": "sizes answer at equal CPT over base tokens, as the table has one such ratio",
    # the CMR definition
    "cmr_needs_base": "the CMR definition needs the general loss at tokens 0 for every model size",
    "cmr_no_base": "at {size:count} params there is no base general loss, a row at tokens 0",
    "cmr_few_ratios": ("at {size:count} params there are {ratios} ratios below 1, and the CMR definition needs three"),
    "cmr_no_slope": (
        "at {size:count} params no run has the {least} checkpoints after tokens 0, two of them in its second half, that show "
        "whether the general loss still rises at its end; log more, or use the default definition, which takes finished "
        "losses"
    ),
    "cmr_rises": "at {size:count} params the general loss still rises at the end of every run",
    "cmr_bounded": (
        "at {size:count} params the general loss still rises at the end of the runs from ratio {ratio:g} on, which bounds the "
        "answer at the same ratio in every draw"
    ),
    # which probes to train next
    "no_crossing": "in the fit and all of its draws no ratio, or every ratio, stays within the tolerance",
    "next_unbounded": (
        "the table hardly bounds the critical ratio, so that the widths are rough: train a few, then ask again"
    ),
    "next_hardly": (
        "more runs like these hardly narrow the interval: most of it is what the law misses near the answer, or more than "
        "the budget pays for"
    ),
    "next_full": "stopped after {runs} with budget left: fit those first, then ask again",
    "next_bases_free": (
        "the table does not say how long bases were trained (column base_tokens): new ones cost nothing here"
    ),
}
