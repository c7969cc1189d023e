"""What is to be done: a sweep unfolded into jobs, each of which is plain data.

Arrows run one way: build -> job. How they are trained is up to the pool and its workers.
"""

from probes.jobs.build import (
    base_job,
    checkpoint_steps,
    compute_of,
    cpt_jobs,
    figures,
    peak_rate,
    pretrained,
    sample_job,
    source_of,
)
from probes.jobs.job import AnyJob, Branch, Job, Packed, Sample, Tracking, mixture

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
    "figures",
    "mixture",
    "peak_rate",
    "pretrained",
    "sample_job",
    "source_of",
]
