"""What is to be done: a sweep unfolded into jobs, each of which is plain data.

Arrows run one way: unfold -> job.
"""

from probes.jobs.job import AnyJob, Branch, Job, Packed, Sample, Tracking, mixture
from probes.jobs.unfold import (
    base_job,
    checkpoint_steps,
    compute_of,
    cpt_jobs,
    groups,
    peak_rate,
    pretrained,
    sample_job,
    source_of,
)

__all__ = [
    "AnyJob",
    "Branch",
    "Job",
    "Packed",
    "Sample",
    "Tracking",
    "base_job",
    "checkpoint_steps",
    "compute_of",
    "cpt_jobs",
    "groups",
    "mixture",
    "peak_rate",
    "pretrained",
    "sample_job",
    "source_of",
]
