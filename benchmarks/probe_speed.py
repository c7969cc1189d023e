"""Training speed of a probe: Hugging Face Trainer, our single run, and K of our runs at once.

python benchmarks/probe_speed.py [--together 9] [--depths 4 6 9 13] [--turns 5] [--turn-flops 4e11] [--threads 1]
                                 [--batch-tokens 2048] [--peak-flops 989e12] [--compile] [--cpu-seconds]
                                 [--out FILE]

Same model, data and precision for all, on the GPU where there is one; they take turns, and medians over the turns are
printed: tokens per second of all runs together. With --compile there are a compiled Trainer and a compiled single run
too. On a CPU all get the environment that `probes.pool` gives its workers (malloc keeps large blocks), the Trainer as
well, and the peak that utilisation refers to is measured between the turns: a large product in fp32 on the same
threads. With --cpu-seconds the process's own seconds are counted, for a machine that others use too; one thread only.
The Trainer needs `accelerate`, which nothing else here does.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from probes import models
from probes.compute import Compute
from probes.optimizer import BETAS, CLIP, WEIGHT_DECAY
from probes.pool import ALLOCATION
from probes.stack.members import Members
from probes.stack.shape import Shape

CONTEXT, VOCABULARY = 256, 2048
DEPTHS = (4, 6, 9, 13)  # 0.80M, 2.7M, 9M and 27M non-embedding parameters
PEAK = "peak, GFLOPs/s"
clock = time.perf_counter
Turn = Callable[[], float]  # trains for some steps, returns tokens per second


def ours(depth: int, blocks: np.ndarray, steps: int, device: torch.device, compiled: bool = False) -> Turn:
    """A turn of our runs, as many as blocks of shape (runs, batch, context) are for."""
    model = build(depth)
    weights = {f"model.{name}": parameter for name, parameter in model.named_parameters()}
    shape = Shape.of(model.config)
    members = Members(shape, [weights] * len(blocks), 0, device, Compute(compile=compiled))

    def turn() -> float:
        begin = clock()
        for _ in range(steps):
            members.step(torch.from_numpy(blocks.astype(np.int64)), 0.0)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return steps * blocks.size / (clock() - begin)

    return turn


def theirs(depth: int, blocks: np.ndarray, steps: int, device: torch.device, compiled: bool = False) -> Turn | None:
    """A turn of the Hugging Face Trainer on blocks of shape (batch, context); None where it is not installed.

    Its first step, which sets things up, is not counted.
    """
    try:
        from transformers import Trainer, TrainerCallback, TrainingArguments

        arguments = TrainingArguments(
            TemporaryDirectory().name, per_device_train_batch_size=len(blocks), max_steps=steps + 1, save_strategy="no",
            logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=device.type == "cpu",
            bf16=device.type == "cuda", optim="adamw_torch_fused", learning_rate=0.0, lr_scheduler_type="constant",
            adam_beta1=BETAS[0], adam_beta2=BETAS[1], weight_decay=WEIGHT_DECAY, max_grad_norm=CLIP,
            torch_compile=compiled,
        )  # fmt: skip
    except ImportError:
        return None

    class Steps(TrainerCallback):
        times: list[float]

        def on_step_end(self, *_: Any, **__: Any) -> None:
            if device.type == "cuda":
                torch.cuda.synchronize()
            self.times.append(clock())

    ends = Steps()
    rows = [{"input_ids": row, "labels": row} for row in torch.from_numpy(blocks.astype(np.int64))]
    trainer = Trainer(model=build(depth), args=arguments, train_dataset=rows * (steps + 1), callbacks=[ends])

    def turn() -> float:
        ends.times = []
        with redirect_stdout(sys.stderr):  # it prints its own summary
            trainer.train()
        return steps * blocks.size / (ends.times[-1] - ends.times[0])

    return turn


def build(depth: int) -> Any:
    """The same model for everyone."""
    return models.build(models.ladder_config(depth, VOCABULARY, CONTEXT), 0)


def compare(depth: int, options: argparse.Namespace, device: torch.device) -> dict[str, float | None]:
    """Tokens per second of each contestant; None where it is not installed."""
    blocks = np.random.default_rng(0).integers(
        1, VOCABULARY, (options.together, options.batch_tokens // CONTEXT, CONTEXT)
    )
    # every contestant's turn is about as long, but never shorter than a step
    single = max(1, round(options.turn_flops / (models.flops_per_token(build(depth), CONTEXT) * options.batch_tokens)))
    turns = {
        "HF Trainer": theirs(depth, blocks[0], single, device),
        "single run": ours(depth, blocks[:1], single, device),
    }
    if options.compile:
        turns["HF Trainer compiled"] = theirs(depth, blocks[0], single, device, True)
        turns["single run compiled"] = ours(depth, blocks[:1], single, device, True)
    turns["K at once"] = ours(depth, blocks, max(1, round(single / options.together)), device)
    if device.type == "cpu":
        turns[PEAK] = product
    speeds: dict[str, list[float]] = {name: [] for name in turns}
    for count in range(min(options.turns, single + 1) + 1):  # the first turn warms up; few where a step takes seconds
        for name, turn in turns.items():
            speed = turn() if turn else None
            if speed and count:
                speeds[name].append(speed)
    return {name: float(np.median(found)) if found else None for name, found in speeds.items()}


def line(depth: int, speeds: dict[str, float | None], peak: float | None) -> str:
    """One row of the table; `peak` in FLOPs a second."""
    model = build(depth)
    trainer, single, many = (speeds[name] for name in ("HF Trainer", "single run", "K at once"))
    assert single
    assert many
    cells = [f"{models.count(model).non_embedding / 1e6:.2f}M"]
    cells += ["not installed" if speed is None else f"{speed:,.0f}" for speed in speeds.values()]
    cells += [f"{single / trainer:.2f}" if trainer else "", f"{many / single:.2f}"]
    if peak:
        share = models.flops_per_token(model, CONTEXT) / peak
        cells += [f"{speed * share:.0%}" if speed else "" for speed in speeds.values()]
        cells.append(f"{peak / 1e9:,.0f}")
    return f"| {' | '.join(cells)} |"


def product() -> float:
    """FLOPs a second of a large product in fp32."""
    one, two = torch.ones(2, 1536, 1536)
    begin = clock()
    for _ in range(10):
        one @ two
    return 10 * 2 * 1536**3 / (clock() - begin)


def table(options: argparse.Namespace, device: torch.device, write: Callable[[str], None]) -> None:
    """Write the lines of the table, each as soon as it is known."""
    seconds = "CPU seconds" if options.cpu_seconds else "seconds"
    write(
        f"K = {options.together}, {options.batch_tokens} tokens a step and run, {device}, {options.threads} threads, "
        f"tokens per {seconds.removesuffix('s')}, {options.turns} turns\n"
    )
    for count, depth in enumerate(options.depths):
        speeds = compare(depth, options, device)
        peak = options.peak_flops or speeds.pop(PEAK, None)
        if count == 0:
            heads = ["params", *(f"{name}, tokens/s" for name in speeds), "single / Trainer", "K / single"]
            heads += [*(f"{name}, utilisation" for name in speeds), PEAK] if peak else []
            write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        write(line(depth, speeds, peak))


def main() -> None:
    """Print the table, and store it where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--together", type=int, default=9, help="K")
    parser.add_argument("--depths", type=int, nargs="+", default=DEPTHS, help="rungs of the ladder")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn-flops", type=float, default=4e11, help="FLOPs a turn, about")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-tokens", type=int, default=2048, help="tokens a step of one run")
    parser.add_argument("--peak-flops", type=float, help="of the device at the precision used")
    parser.add_argument("--compile", action="store_true", help="compiled contestants too")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    parser.add_argument("--cpu-seconds", action="store_true", help="count the process's own seconds")
    options = parser.parse_args()
    if options.cpu_seconds:
        global clock
        clock = time.process_time
    if not ALLOCATION.items() <= os.environ.items():  # malloc reads them when a process starts
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ALLOCATION})
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    lines: list[str] = []

    def write(text: str) -> None:
        lines.append(text)
        print(text, flush=True)

    table(options, torch.device("cuda" if torch.cuda.is_available() else "cpu"), write)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
