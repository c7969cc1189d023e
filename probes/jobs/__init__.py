"""What is to be done: a sweep unfolded into jobs, each of which is plain data.

Arrows run one way: build -> job. How they are trained is up to the pool and its workers.
"""

from probes.jobs.build import (
    base_job,
    checkpoint_steps,
    compute_of,
    cpt_jobs,
    figures,
    origin_of,
    peak_rate,
    pretrained,
    sample_job,
)
from probes.jobs.job import AnyJob, Branch, Job, Packed, SampleJob, Tracking, mixture

__all__ = [
    "AnyJob",
    "Branch",
    "Job",
    "Packed",
    "SampleJob",
    "Tracking",
    "base_job",
    "checkpoint_steps",
    "compute_of",
    "cpt_jobs",
    "figures",
    "mixture",
    "origin_of",
    "peak_rate",
    "pretrained",
    "sample_job",
]
