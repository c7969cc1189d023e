"""Training speed of a probe: Hugging Face Trainer, our single run, and K of our runs at once.

python benchmarks/probe_speed.py [--together 9] [--depths 4 6 9 13] [--turns 5] [--turn-flops 4e11] [--threads 1]
                                 [--batch-tokens 2048] [--peak-flops 989e12] [--compile] [--out FILE]

Same model, data and precision for all, on the GPU where there is one. Each contestant is a process of its own; they
take turns, and medians over the turns are printed: tokens per second of all runs together. Ours have the environment
that `probes.pool` gives its workers (malloc keeps large blocks). The Trainer is there twice, in the environment that it
is started in and in ours. With --compile there are compiled contestants too.
On a CPU the peak that utilisation refers to is measured between the turns: a large product in fp32 on the same
threads, and K at once are left out, since runs are not stacked there: --together 9 has them in. On a GPU the peak is that
of bf16 products on its data sheet, known here for some and given by --peak-flops for others; the sizes go on to 98M (depth
20), and a turn has 4e13 FLOPs. The Trainer needs `accelerate`, which nothing else here does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
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
from probes.compute import BETAS, CLIP, WEIGHT_DECAY, Compute, device
from probes.pool import ALLOCATION
from probes.stack.members import Members
from probes.stack.shape import Shape

CONTEXT, VOCABULARY = 256, 2048
DEPTHS = (4, 6, 9, 13)  # 0.80M, 2.7M, 9M and 27M non-embedding parameters
GPU_DEPTHS = (*DEPTHS, 20)  # 98M
TURN_FLOPS, GPU_TURN_FLOPS = 4e11, 4e13
# dense bf16 by the name that CUDA gives, from the maker's data sheets
PEAKS = {"NVIDIA A100-SXM4-80GB": 312e12, "NVIDIA H100 80GB HBM3": 989e12, "NVIDIA H200": 989e12}
TRAINER, SAME, SINGLE, MANY, PEAK = "HF Trainer", "HF Trainer, our environment", "single run", "K at once", "peak"
COMPILED = f"{TRAINER}, our environment, compiled", f"{SINGLE}, compiled"
Turn = Callable[[], float]  # trains for some steps, returns tokens per second


def ours(depth: int, blocks: np.ndarray, steps: int, device: torch.device, compiled: bool = False) -> Turn:
    """A turn of our runs, as many as blocks of shape (runs, batch, context) are for."""
    model = build(depth)
    weights = {f"model.{name}": parameter for name, parameter in model.named_parameters()}
    shape = Shape.of(model.config)
    members = Members(shape, [weights] * len(blocks), 0, device, Compute(compile=compiled))

    def turn() -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            members.step(torch.from_numpy(blocks.astype(np.int64)), 0.0)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return steps * blocks.size / (time.perf_counter() - begin)

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
            self.times.append(time.perf_counter())

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


def contestant(name: str, options: argparse.Namespace) -> Turn | None:
    """A turn of the contestant with this name; None where what it needs is not installed."""
    place, depth = device(), options.depths[0]
    blocks = np.random.default_rng(0).integers(
        1, VOCABULARY, (options.together, options.batch_tokens // CONTEXT, CONTEXT)
    )
    # every contestant's turn is about as long, but never shorter than a step
    steps = max(1, round(options.turn_flops / (models.flops_per_token(build(depth), CONTEXT) * options.batch_tokens)))
    compiled = name in COMPILED
    if name.startswith(TRAINER):
        return theirs(depth, blocks[0], steps, place, compiled)
    if name.startswith(SINGLE):
        return ours(depth, blocks[:1], steps, place, compiled)
    if name == MANY:
        return ours(depth, blocks, max(1, round(steps / options.together)), place)
    return product if place.type == "cpu" else None


def serve(name: str, options: argparse.Namespace) -> None:
    """Answer every line that comes in with the speed of one turn."""
    turn = contestant(name, options)
    for _ in sys.stdin:
        print(turn() if turn else "", flush=True)


class Contestant:
    """The process of one contestant."""

    def __init__(self, name: str, depth: int) -> None:
        environment = os.environ if name == TRAINER else {**os.environ, **ALLOCATION}
        command = [sys.executable, *sys.argv, "--depths", str(depth), "--serve", name]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def turn(self) -> float | None:
        """Tokens (or FLOPs) per second of one turn; None where it is not installed."""
        assert self.process.stdin
        assert self.process.stdout
        print(file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a contestant ended: {self.process.args}")
        return float(answer) if answer.strip() else None

    def end(self) -> None:
        """Let it go."""
        self.process.communicate()


def compare(depth: int, options: argparse.Namespace) -> dict[str, float | None]:
    """Median speed of each contestant; None where it is not installed."""
    many = (MANY,) if options.together > 1 else ()
    names = [TRAINER, SAME, SINGLE, *many, *(COMPILED if options.compile else ()), PEAK]
    contestants = {name: Contestant(name, depth) for name in names}
    speeds: dict[str, list[float]] = {name: [] for name in names}
    for count in range(options.turns + 1):  # the first turn warms up
        for name, found in contestants.items():
            speed = found.turn()
            if speed and count:
                speeds[name].append(speed)
    for found in contestants.values():
        found.end()
    return {name: float(np.median(found)) if found else None for name, found in speeds.items()}


def line(depth: int, speeds: dict[str, float | None], peak: float | None) -> str:
    """One row of the table; `peak` in FLOPs a second."""
    model = build(depth)
    single, many = speeds[SINGLE], speeds.get(MANY)
    assert single
    cells = [f"{models.count(model).non_embedding / 1e6:.2f}M"]
    cells += ["not installed" if speed is None else f"{speed:,.0f}" for speed in speeds.values()]
    cells += [f"{single / speed:.2f}" if speed else "" for speed in (speeds[TRAINER], speeds[SAME])]
    if many:
        cells.append(f"{many / single:.2f}")
    if peak:
        share = models.flops_per_token(model, CONTEXT) / peak
        cells += [f"{speed * share:.0%}" if speed else "" for speed in speeds.values()]
        cells.append(f"{peak / 1e9:,.0f}")
    return f"| {' | '.join(cells)} |"


def product() -> float:
    """FLOPs a second of a large product in fp32."""
    one, two = torch.ones(2, 1536, 1536)
    begin = time.perf_counter()
    for _ in range(10):
        one @ two
    return 10 * 2 * 1536**3 / (time.perf_counter() - begin)


def table(options: argparse.Namespace, write: Callable[[str], None]) -> None:
    """Write the lines of the table, each as soon as it is known."""
    place = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    write(
        f"K = {options.together}, {options.batch_tokens} tokens a step and run, {place}, {options.threads} threads, "
        f"tokens per second, {options.turns} turns\n"
    )
    for count, depth in enumerate(options.depths):
        speeds = compare(depth, options)
        measured = speeds.pop(PEAK)
        peak = options.peak_flops or measured or PEAKS.get(place)
        if count == 0:
            heads = ["params", *(f"{name}, tokens/s" for name in speeds)]
            heads += [f"{SINGLE} / {TRAINER}", f"{SINGLE} / {SAME}", *(["K / single"] if MANY in speeds else [])]
            heads += [*(f"{name}, utilisation" for name in speeds), f"{PEAK}, GFLOPs/s"] if peak else []
            write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        write(line(depth, speeds, peak))


def main() -> None:
    """Print the table, and store it where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--together", type=int, help="K, 9 on a GPU")
    parser.add_argument("--depths", type=int, nargs="+", help="rungs of the ladder")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn-flops", type=float, help="FLOPs a turn, about")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-tokens", type=int, default=2048, help="tokens a step of one run")
    parser.add_argument("--peak-flops", type=float, help="of the device at the precision used")
    parser.add_argument("--compile", action="store_true", help="compiled contestants too")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    parser.add_argument("--serve", help=argparse.SUPPRESS)  # be the process of this contestant
    options = parser.parse_args()
    on_cpu = device().type == "cpu"
    options.together = options.together or (1 if on_cpu else 9)
    options.depths = options.depths or (DEPTHS if on_cpu else GPU_DEPTHS)
    options.turn_flops = options.turn_flops or (TURN_FLOPS if on_cpu else GPU_TURN_FLOPS)
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    if options.serve:
        serve(options.serve, options)
        return
    lines: list[str] = []

    def write(text: str) -> None:
        lines.append(text)
        print(text, flush=True)

    table(options, write)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
