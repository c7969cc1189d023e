"""What a run is fed: batches of its mixture, and the held-out blocks that it is scored on."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.jobs import Job, mixture


class Data:
    """The packed corpora of a job, opened; `held_out` has the blocks of each corpus that is scored."""

    def __init__(self, job: Job) -> None:
        self.train, held_out = zip(*([_open(file) for file in corpus.files] for corpus in job.corpora), strict=True)
        self.held_out = [blocks[: job.evaluation_blocks] for blocks in held_out]
        self.mixture = mixture(job, *map(len, self.train))
        self.corpus, self.index = self.mixture.plan(job.steps * job.batch_blocks)

    def batch(self, step: int, size: int) -> Tensor:
        """Token ids of shape (size, context) for one step."""
        where = range(step * size, (step + 1) * size)
        return torch.from_numpy(np.stack([self.train[self.corpus[i]][self.index[i]] for i in where]).astype(np.int64))


def _open(file: str) -> NDArray[Any]:
    blocks: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    return blocks
