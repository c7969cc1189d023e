"""K runs of one base trained together: stacked weights, one optimiser, the files of K single runs.

Plain Llamas only (`shape.obstacle` says why not). Checkpoints are those of the transformers model, which gives the same
losses and gradients.
"""

from probes.stack.shape import Shape, obstacle, supports

__all__ = ["Shape", "obstacle", "supports"]
