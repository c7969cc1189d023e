"""What a run is fed: batches of its mixture, and the held-out blocks that it is scored on."""

import numpy as np
import torch
from torch import Tensor

from probes.corpus import open_blocks
from probes.jobs import Job, mixture


class Data:
    """The packed corpora of a job, opened; `held_out` has the blocks of each corpus that is scored."""

    def __init__(self, job: Job) -> None:
        self.train, held_out = zip(
            *([open_blocks(file) for file in corpus.files] for corpus in job.corpora), strict=True
        )
        self.held_out = [blocks[: job.evaluation_blocks] for blocks in held_out]
        self.mixture = mixture(job, *map(len, self.train))
        self.corpus, self.index = self.mixture.plan(job.steps * job.batch_blocks)

    def batch(self, step: int, size: int) -> Tensor:
        """Token ids of shape (size, context) for one step."""
        where = range(step * size, (step + 1) * size)
        return torch.from_numpy(np.stack([self.train[self.corpus[i]][self.index[i]] for i in where]).astype(np.int64))
