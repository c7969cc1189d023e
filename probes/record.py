"""What a run leaves behind while it is trained: its rows, and the state file that it can go on from.

At every checkpoint one file is written that holds weights, optimiser state and all rows so far; the
move of that file into place is the only commit, so a row is never lost and never written twice.
"""

import json
import math
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from probes import schedules
from probes.evaluate import Loss
from probes.jobs import Job
from probes.mixture import Mixture
from probes.results import Row, open_state, result_path, state_path
from probes.storage import write_atomically, write_json

MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW, by its own names
Tensors = dict[str, Tensor]


class Record:
    """The rows and the state file of one job.

    Tensors of a state are named `model.NAME`, `exp_avg.NAME` and `exp_avg_sq.NAME` for each parameter NAME.
    """

    def __init__(self, job: Job, mixture: Mixture) -> None:
        self.job = job
        self.mixture = mixture
        self.scale = schedules.get(job.schedule)
        self.rows: list[Row] = []

    @property
    def state_file(self) -> Path:
        """Where an unfinished run keeps everything it needs to go on."""
        return state_path(self.job)

    def rate(self, step: int) -> float:
        """Learning rate of the step that follows `step` others, which is also what a row logs."""
        return self.job.learning_rate * self.scale(step, self.job.steps, self.job.warmup_steps)

    def log(self, step: int, train_loss: float, general: Loss, domain: Loss) -> bool:
        """Add a row; False, and no row, where a loss is no number any more."""
        if not math.isfinite(general.mean + domain.mean):
            return False
        seen = step * self.job.batch_blocks
        general_epochs, domain_epochs = self.mixture.epochs(seen)
        self.rows.append(
            {
                **self.job.columns,
                "tokens": seen * self.job.context,
                "general_loss": general.mean,
                "general_loss_se": general.se,
                "domain_loss": domain.mean,
                "domain_loss_se": domain.se,
                "train_loss": None if math.isnan(train_loss) else train_loss,
                "learning_rate": self.rate(step),
                "general_epochs": general_epochs,
                "domain_epochs": domain_epochs,
                "unique_domain_tokens": self.mixture.unique_domain(seen) * self.job.context,
            }
        )
        return True

    def save(self, step: int, tensors: Tensors) -> None:
        """Tensors, step and rows in one file, moved into place whole."""
        metadata = {"step": str(step), "rows": json.dumps(self.rows)}
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(self.state_file, lambda part: save_file(whole, part, metadata=metadata))

    def load(self) -> tuple[int, Tensors]:
        """Step and tensors of the state file, the rows taken over; step 0 and nothing where there is no file."""
        if not self.state_file.exists():
            return 0, {}
        with open_state(self.state_file) as file:
            metadata = file.metadata()
            self.rows = json.loads(metadata["rows"])
            return int(metadata["step"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def finish(self, status: str) -> None:
        """Write the result ('finished' or 'diverged'); the state is not needed any more."""
        write_json(result_path(self.job), {"status": status, "rows": self.rows})
        self.state_file.unlink(missing_ok=True)
