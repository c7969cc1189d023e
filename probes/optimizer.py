"""The optimiser of every run: fused AdamW, gradients clipped at CLIP."""

import torch
from torch import Tensor

BETAS = (0.9, 0.95)
WEIGHT_DECAY = 0.1
CLIP = 1.0
MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW, by its own names


def adamw(parameters: list[Tensor], stacked: int = 0) -> torch.optim.AdamW:
    """Fused AdamW; matrices decay, gains do not. The first `stacked` axes of every parameter count models."""
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2 + stacked], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.dim() < 2 + stacked], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=BETAS, fused=True)
