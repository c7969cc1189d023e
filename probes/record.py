"""What a run leaves behind while it is trained: its rows, its trackers' points, and the state file from which it resumes.

At every checkpoint one file is written with weights, optimiser state and all rows so far; the
move of that file into place is the only commit, so a row is never lost and never written twice.
"""

import json
import math
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from probes import schedules, state, trackers
from probes.evaluate import Loss
from probes.jobs import Branch, Job, Tracking
from probes.mixture import Mixture
from probes.results import Row, result_path, state_path
from probes.storage import write_json
from scaling.storage import write_atomically

CORPORA = ("general", "domain")
SHOWN = ("loss", "_se", "learning_rate", "_epochs")  # endings of the columns that trackers show
Tensors = dict[str, Tensor]


class Record:
    """The rows and the state file of one job.

    Tensors of a state are named `model.NAME`, `exp_avg.NAME` and `exp_avg_sq.NAME` for each parameter NAME.
    `losses` are the training losses since the last row, `lost` the names of branches whose loss was not finite.
    """

    def __init__(self, job: Job, mixture: Mixture) -> None:
        self.job = job
        self.mixture = mixture
        self.rows: list[Row] = []
        self.base: list[Loss] = []
        self.losses: list[float] = []
        self.lost: list[str] = []
        self.tracked = Tracked(job.tracking, job.name, job.columns)

    def rate(self, step: int, branch: Branch | None = None) -> float:
        """Learning rate of the step that follows `step` others, which is also what a row logs."""
        scale = schedules.scale(self.job.schedule, step, self.job.course)
        return self.job.learning_rate * scale * (branch.factor(step) if branch else 1.0)

    def log(self, step: int, losses: list[Loss]) -> bool:
        """Add a row; False, and no row, where a loss is not finite any more."""
        if not self.rows:
            self.base = losses
        train_loss, self.losses = _mean(self.losses), []
        return self._add(step, train_loss, losses, {"trunk": None} if self.job.branches else {})

    def log_branch(self, branch: Branch, train_losses: list[float], losses: list[Loss]) -> None:
        """Add the one row of a branch, its end; without a row it is lost where a loss is not finite."""
        own = {"run": self._name(branch), "trunk": self.job.columns["run"]}
        if not self._add(branch.end, _mean(train_losses), losses, own, branch):
            self.lost.append(own["run"])

    def has(self, branch: Branch) -> bool:
        """Whether the branch is over."""
        name = self._name(branch)
        return name in self.lost or any(row["run"] == name for row in self.rows)

    def _name(self, branch: Branch) -> str:
        return f"{self.job.columns['run']}-b{branch.end * self.job.batch_tokens}"

    def _add(
        self, step: int, train_loss: float | None, losses: list[Loss], own: Row, branch: Branch | None = None
    ) -> bool:
        if not all(math.isfinite(loss.mean) for loss in losses):
            return False
        seen = step * self.job.batch_blocks
        general_epochs, domain_epochs = self.mixture.epochs(seen)
        row: Row = {**self.job.columns, **own, "tokens": seen * self.job.context}
        for corpus, loss, base in zip(CORPORA, losses, self.base, strict=False):
            row |= {
                f"{corpus}_loss": loss.mean,
                f"{corpus}_loss_se": loss.se,
                f"{corpus}_change_se": loss.change_se(base),
            }
        row |= {
            "train_loss": train_loss,
            "learning_rate": self.rate(step, branch),
            "general_epochs": general_epochs,
            "domain_epochs": domain_epochs,
            "unique_domain_tokens": self.mixture.unique_domain(seen) * self.job.context,
        }
        self.rows.append(row)
        return True

    def save(self, step: int, tensors: Tensors) -> None:
        """Tensors, step and rows in one file, moved into place whole."""
        kept = {
            "step": step,
            "rows": self.rows,
            "base": [loss.blocks for loss in self.base],
            "losses": self.losses,
            "lost": self.lost,
        }
        metadata = {key: json.dumps(value) for key, value in kept.items()}
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(state_path(self.job), lambda temporary: save_file(whole, temporary, metadata=metadata))
        self.tracked.show(self.rows)

    def load(self) -> tuple[int, Tensors]:
        """Step and tensors of the state file, the rows taken over; step 0 and nothing where there is no file."""
        if (found := state.read(state_path(self.job))) is None:
            return 0, {}
        kept, tensors = found
        self.rows, self.losses, self.lost = kept["rows"], kept["losses"], kept["lost"]
        self.base = [Loss(tuple(blocks)) for blocks in kept["base"]]
        return int(kept["step"]), tensors

    def finish(self, status: str) -> None:
        """Write the result ('finished' or 'diverged'); the state is not needed any more."""
        write_json(result_path(self.job), {"status": status, "rows": self.rows, "lost": self.lost})
        state_path(self.job).unlink(missing_ok=True)
        self.tracked.show(self.rows)
        self.tracked.close()


class Tracked:
    """The rows of a run as its trackers see them: each row once, after it has been committed.

    Trackers want rising steps, and the row of a branch comes before rows of the run that lie at fewer tokens: a step is
    shown once the run itself has come to it, the branch that ends there beside it.
    """

    def __init__(self, tracking: Tracking, run: str, settings: dict[str, Any]) -> None:
        self.tracking = tracking
        self.run = run
        self.settings = settings
        self.shown = -1  # tokens
        self.open: list[trackers.Tracker] = []

    def show(self, rows: list[Row]) -> None:
        """Log to every tracker the steps that it has not seen."""
        if not self.tracking.trackers:
            return
        reached = max((row["tokens"] for row in rows if not row.get("trunk")), default=-1)
        steps = sorted({row["tokens"] for row in rows if self.shown < row["tokens"] <= reached})
        if steps and not self.open:
            self.open = [self._opened(name) for name in self.tracking.trackers]
        for step in steps:
            values: dict[str, float] = {}
            for row in rows:
                values |= _values(row) if row["tokens"] == step else {}
            for tracker in self.open:
                tracker.log(step, values)
        self.shown = max(self.shown, reached)

    def _opened(self, name: str) -> trackers.Tracker:
        own = self.tracking
        return trackers.open_tracker(name, Path(own.folder), own.project, self.run, self.settings, own.trackers[name])

    def close(self) -> None:
        """The run is over."""
        for tracker in self.open:
            tracker.close()
        self.open = []


def _values(row: Row) -> dict[str, float]:
    prefix = "branch_" if row.get("trunk") else ""
    return {
        f"{prefix}{key}": float(value)
        for key, value in row.items()
        if key.endswith(SHOWN) and isinstance(value, int | float)
    }


def _mean(losses: list[float]) -> float | None:
    return math.fsum(losses) / len(losses) if losses else None
