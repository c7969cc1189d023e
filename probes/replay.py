"""The job that draws a base's replay."""

from collections.abc import Callable
from pathlib import Path

import torch

from probes import models
from probes.jobs import Sample
from probes.results import result_path
from probes.sampling import Sampling, sample_blocks
from probes.storage import write_json


def perform(job: Sample, report: Callable[[float], None], device: torch.device) -> str:
    """Draw the samples of a job, from wherever it stands, and write its result, which is 'finished'."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    model = models.open_source(job.model).to(device)
    sampling = Sampling(job.tokens, job.context, job.start_id, job.seed, held_out=job.held_out)
    sample_blocks(model, sampling, folder, report, device)
    write_json(result_path(job), {"status": "finished", "rows": []})
    return "finished"
