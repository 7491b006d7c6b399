"""Enumerations of the Trainer's libraries, which pickles of its arguments call with a value to name a member.

From ``transformers/trainer_utils.py``, ``training_args.py`` and ``debug_utils.py``, and
``accelerate/utils/dataclasses.py``. The names alone are known here: what is installed under them may differ.
"""

from __future__ import annotations

from ckptgui.core.checkpoint import GlobalClass, GlobalName

_TRAINER = "EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType"
_ENUMERATIONS = frozenset(
    [
        "accelerate.utils.dataclasses.DistributedType",
        "transformers.debug_utils.DebugOption",
        "transformers.training_args.OptimizerNames",
        "transformers.training_args.ParallelMode",
        *(f"transformers.trainer_utils.{name}" for name in _TRAINER.split()),
    ]
)


def picks_a_member(name: GlobalName) -> bool:
    """Whether a full load calls it as one names a member of an enumeration, and it is one by its name."""
    return (
        name.name in _ENUMERATIONS
        and name.use is GlobalClass.CALLABLE
        and name.arguments == 1
        and not name.changed
    )
