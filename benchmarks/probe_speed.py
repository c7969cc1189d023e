"""Training speed of a probe: Hugging Face Trainer, our single run, and K of our runs at once.

python benchmarks/probe_speed.py [--together 9] [--depths 3 4 6 | --gpu-sizes] [--turns 5] [--steps 2] [--threads 1]
                                 [--batch-tokens 2048] [--peak-flops 989e12]

Same model, data and precision for all three, on the GPU where there is one; they take turns, and medians over the
turns are printed: tokens per second of all runs together. Model FLOPs utilisation is printed where the peak is given.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from probes import models
from probes.cost import Step, alone, stacked
from probes.train import BETAS, CLIP, WEIGHT_DECAY

CONTEXT, VOCABULARY = 256, 2048
CPU_DEPTHS, GPU_DEPTHS = (3, 4, 6), (4, 6, 9, 13)  # near 0.3M, 0.8M, 2.7M; 1M, 3M, 10M, 30M non-embedding parameters
NAMES = ("HF Trainer", "single run", "K at once")
Turn = Callable[[], float]  # trains for some steps, returns tokens per second


def ours(step: Step, blocks: np.ndarray, steps: int, device: torch.device) -> Turn:
    """A turn of one of our steps on blocks of shape (runs, batch, context)."""

    def turn() -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            step(torch.from_numpy(blocks.astype(np.int64)).to(device))
        if device.type == "cuda":
            torch.cuda.synchronize()
        return steps * blocks.size / (time.perf_counter() - begin)

    return turn


def theirs(depth: int, blocks: np.ndarray, steps: int, device: torch.device) -> Turn | None:
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
        )  # fmt: skip
    except ImportError:
        return None

    class Clock(TrainerCallback):
        times: list[float]

        def on_step_end(self, *_: Any, **__: Any) -> None:
            if device.type == "cuda":
                torch.cuda.synchronize()
            self.times.append(time.perf_counter())

    clock = Clock()
    rows = [{"input_ids": row, "labels": row} for row in torch.from_numpy(blocks.astype(np.int64))]
    trainer = Trainer(model=build(depth), args=arguments, train_dataset=rows * (steps + 1), callbacks=[clock])

    def turn() -> float:
        clock.times = []
        with redirect_stdout(sys.stderr):  # it prints its own summary
            trainer.train()
        return steps * blocks.size / (clock.times[-1] - clock.times[0])

    return turn


def build(depth: int) -> Any:
    """The same model for everyone."""
    return models.build(models.ladder_config(depth, VOCABULARY, CONTEXT), 0)


def compare(depth: int, options: argparse.Namespace, device: torch.device) -> list[float | None]:
    """Tokens per second of the three, in the order of NAMES."""
    shape = (options.together, options.batch_tokens // CONTEXT, CONTEXT)
    blocks = np.random.default_rng(0).integers(1, VOCABULARY, shape)
    # K runs at once get fewer steps a turn, so that every contestant's turn is about as long
    single, many = options.steps * options.together, options.steps
    turns = [
        theirs(depth, blocks[0], single, device),
        ours(alone(build(depth), device), blocks[:1], single, device),
        ours(stacked(build(depth), options.together, device), blocks, many, device),
    ]
    speeds: list[list[float]] = [[] for _ in turns]
    for count in range(options.turns + 1):  # the first turn warms up
        for found, turn in zip(speeds, turns, strict=True):
            speed = turn() if turn else None
            if speed and count:
                found.append(speed)
    return [float(np.median(found)) if found else None for found in speeds]


def line(depth: int, speeds: list[float | None], options: argparse.Namespace) -> str:
    """One row of the table."""
    model = build(depth)
    trainer, single, many = speeds
    assert single
    assert many
    cells = [f"{models.count(model).non_embedding / 1e6:.2f}M"]
    cells += ["not installed" if speed is None else f"{speed:,.0f}" for speed in speeds]
    cells += [f"{single / trainer:.2f}" if trainer else "", f"{many / single:.2f}"]
    if options.peak_flops:
        share = models.flops_per_token(model, CONTEXT) / options.peak_flops
        cells += [f"{speed * share:.1%}" if speed else "" for speed in speeds]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--together", type=int, default=9, help="K")
    parser.add_argument("--depths", type=int, nargs="+", default=CPU_DEPTHS, help="rungs of the ladder")
    parser.add_argument("--gpu-sizes", action="store_true", help="rungs near 1M, 3M, 10M and 30M")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--steps", type=int, default=2, help="steps a turn of K at once; the others make K times as many"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-tokens", type=int, default=2048, help="tokens a step of one run")
    parser.add_argument("--peak-flops", type=float, help="of the device at the precision used")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    heads = ["params", *(f"{name}, tokens/s" for name in NAMES), "single / Trainer", "K / single"]
    heads += [f"{name}, utilisation" for name in NAMES] if options.peak_flops else []
    print(
        f"K = {options.together}, {options.batch_tokens} tokens a step and run, {device}, {options.threads} threads\n"
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for depth in GPU_DEPTHS if options.gpu_sizes else options.depths:
        print(line(depth, compare(depth, options, device), options), flush=True)


if __name__ == "__main__":
    main()
