"""What to mind before a whole model is used: one that was saved in train mode drops values and moves averages."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint

_ACTS = (
    ("dropout", ("Dropout", "DropPath", "StochasticDepth")),
    ("batch normalisation", ("BatchNorm", "InstanceNorm")),
)
"""Modules that act otherwise in training, by what their class's name holds."""


def eval_reminder(checkpoint: Checkpoint) -> str | None:
    """The advice to call ``eval()``, where a module of a saved model that would act otherwise is in train mode."""
    counts = dict.fromkeys([word for word, _ in _ACTS], 0)
    for module in checkpoint.modules:
        name = module.class_name.rpartition(".")[2]
        for word, classes in _ACTS:
            if module.training and any(part in name for part in classes):
                counts[word] += 1
    found = [f"{count:,} of {word}" for word, count in counts.items() if count]
    if not found:
        return None
    acting = ", ".join(found)
    return f"Saved in train mode with modules that act otherwise then ({acting}): call eval() before inference."
