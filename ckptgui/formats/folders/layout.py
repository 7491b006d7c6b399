"""Which files and folders in a folder make one checkpoint, told from their names.

Names are those of transformers (``utils/__init__.py``, ``trainer.py``), accelerate (``utils/constants.py``), PEFT,
diffusers, Lightning (``fabric/strategies/fsdp.py``), DeepSpeed (``runtime/engine.py``) and Megatron-LM
(``training/checkpointing.py``), and what people call such files by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ckptgui.core.checkpoint import Role
from ckptgui.core.series.members import natural_key
from ckptgui.core.training.roles import role_by_name
from ckptgui.formats.folders.shard_names import ShardSet, shard_name, shard_sets
from ckptgui.sources.folder import Folder

TENSOR_SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
"""Names under which tensors are kept; in a folder of other files these are looked at."""

_SUFFIX = r"\.(?:safetensors|pt|pth|bin|ckpt|pkl)"
_NUMBER = r"(?:[_-]?\d+)?"
_MODEL = re.compile(
    rf"(?:pytorch_|diffusion_pytorch_|adapter_)?model(?P<number>[_-]?\d+)?(?:\.\w+)?{_SUFFIX}"
    rf"|consolidated(?:\.\d+)?{_SUFFIX}|pytorch_lora_weights(?:\.\w+)?{_SUFFIX}|(?:value|v|score)_head{_SUFFIX}"
)
_ROLES: tuple[tuple[re.Pattern[str], Role | None], ...] = (
    (re.compile(rf"optim(?:izer)?(?:_states?)?{_NUMBER}{_SUFFIX}"), Role.OPTIMIZER),
    (re.compile(rf".*optim_states{_SUFFIX}|distrib_optim{_SUFFIX}"), Role.OPTIMIZER),
    (re.compile(rf"(?:lr_)?sched(?:uler)?(?:_states?)?{_NUMBER}{_SUFFIX}"), Role.SCHEDULER),
    (re.compile(rf"(?:grad_)?scaler{_NUMBER}{_SUFFIX}"), Role.SCALER),
    (re.compile(rf"(?:rng_state|random_states?|rng)(?:[_-]\d+)*{_SUFFIX}"), Role.RNG),
    (re.compile(rf"(?:ema|ema_model|model_ema|swa_model){_NUMBER}{_SUFFIX}"), Role.EMA),
    (re.compile(rf"(?:sampler|dl_state_dict|dataloader|custom_checkpoint){_NUMBER}{_SUFFIX}"), Role.OTHER),
    (re.compile(r".*mp_rank_\d+.*model_states\.pt|layer_\d+.*model_states\.pt|model_optim_rng\.pt"), None),
    (re.compile(r"meta\.pt|common\.pt"), None),
)
_PLAIN = {"pytorch_model": "model", "diffusion_pytorch_model": "model", "consolidated": "model"}
"""Stems under which the same weights have been written."""

VALUES_ONLY = frozenset({"training_args.bin"})
"""Pickles that hold no tensors, as the JSON files do."""

BESIDE_DISTRIBUTED = ("meta.pt", "common.pt")
"""What Lightning and Megatron keep beside a distributed checkpoint: all that is not sharded."""

_INNER = re.compile(r"pytorch_model_fsdp_\d+|optimizer_\d+|distributed_checkpoint|mp_rank_\d+(?:_\d+)*")
_ANCHORS = frozenset({"model_index.json", "trainer_state.json"})
_OF_A_RUN = re.compile(r"(?:.*[._-])?(?:checkpoint|ckpt|epoch)s?[._=-]?\d.*", re.IGNORECASE)
_MEMBER = re.compile(
    r"(?:.*[._-])?(?:checkpoint|ckpt|epoch|ep|step|iter|iteration)s?[._=-]?\d.*|\d+", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Layout:
    """The pieces of one checkpoint, by name: shards, files with tensors, files with values alone, folders."""

    shards: tuple[ShardSet, ...]
    files: tuple[str, ...]
    values: tuple[str, ...]
    folders: tuple[str, ...]
    anchored: bool  # whether there is a model, or a file of a library's, that others stand beside

    @property
    def known(self) -> bool:
        """Whether a library names its pieces so, and not somebody their data."""
        return self.anchored or any(map(_has_known_name, self.files))

    @property
    def pieces(self) -> int:
        """How many of them can hold tensors."""
        return len(self.shards) + len(self.files) + len(self.folders)

    def named_shards(self) -> dict[str, ShardSet]:
        """The sets of shards by a name each: that of the whole, where no other piece has it."""
        named: dict[str, ShardSet] = {}
        for found in self.shards:
            taken = found.whole in named or found.whole in self.files
            count = f"in {found.total} shards" if found.total else "in shards"
            named[f"{found.whole} {count}" if taken else found.whole] = found
        return named


def layout_of(folder: Folder, recognised: Callable[[Folder, str], bool]) -> Layout:
    """The pieces that are here, in no order.

    ``recognised`` tells of a file whether it is a checkpoint; what is called ``.bin`` can be anything.
    """
    shards = tuple(shard_sets(folder))
    whole = {found.whole for found in shards}
    files = [
        name
        for name in folder.files
        if _holds_tensors(name)
        and not _is_shard(name, whole)
        and (not name.lower().endswith(".bin") or _has_known_name(name) or recognised(folder, name))
    ]
    anchored = bool(shards) or not _ANCHORS.isdisjoint(folder.files) or any(map(_INNER.fullmatch, folder.folders))
    return Layout(
        shards=shards,
        anchored=anchored or any(map(_stands_for_a_model, files)),
        files=tuple(files),
        values=tuple(sorted(VALUES_ONLY.intersection(folder.files))),
        folders=tuple(_inner(folder)),
    )


def _inner(folder: Folder) -> list[str]:
    """The folders that are pieces of what this one holds."""
    if "model_index.json" in folder.files:  # a pipeline of diffusers: each model has a folder
        return [name for name in folder.folders if not name.startswith(".")]
    if "trainer_state.json" in folder.files or any(map(role_of_file, folder.files)):
        # What stands beside a training's state belongs to it: global_step500 of DeepSpeed, unet of diffusers.
        return [n for n in folder.folders if not n.startswith(".") and not _OF_A_RUN.fullmatch(n)]
    return [name for name in folder.folders if _INNER.fullmatch(name)]


def is_one_checkpoint(layout: Layout) -> bool:
    """Whether the pieces belong together, rather than being checkpoints side by side."""
    known = [name for name in layout.files if _is_known(name, layout)]
    strangers = [name for name in layout.files if name not in known]
    if not layout.anchored and not known:
        return layout.pieces == 1
    if len(strangers) > 1 and (not layout.anchored or _are_counted(strangers)):
        return False
    return not layout.anchored or not any(map(looks_like_member, strangers))


def _stands_for_a_model(name: str) -> bool:
    match = _MODEL.fullmatch(name)
    return match is not None and match["number"] is None


def _is_known(name: str, layout: Layout) -> bool:
    """Whether a library calls a file so that is one of several of a checkpoint.

    ``model_1.pt`` is accelerate's second model where there is a first, and somebody's first epoch elsewhere.
    """
    match = _MODEL.fullmatch(name)
    if match is not None and match["number"] is not None:
        first = name[: match.start("number")] + name[match.end("number") :]
        return first in layout.files or any(found.whole == first for found in layout.shards)
    return _has_known_name(name)


def _has_known_name(name: str) -> bool:
    return _MODEL.fullmatch(name) is not None or any(pattern.fullmatch(name) for pattern, _ in _ROLES)


def role_of_file(name: str) -> Role | None:
    """What a file is for, where its name alone tells; models are left to what is in them."""
    return next((role for pattern, role in _ROLES if pattern.fullmatch(name)), None)


def role_of_folder(name: str) -> Role | None:
    """What a folder of weights is for; diffusers calls averaged ones ``unet_ema``."""
    return Role.EMA if role_by_name(name) is Role.EMA else None


def same_weights(names: Iterable[str]) -> set[str]:
    """Files that hold the weights of another of these once more, in another format or precision.

    Of several the one counts that transformers and diffusers would load: safetensors, without a variant.
    """
    found: set[str] = set()
    again = set()
    for name in sorted(names, key=lambda name: (name.count("."), not name.endswith(".safetensors"), name)):
        weights = _weights(name)
        if weights in found:
            again.add(name)
        elif weights is not None:
            found.add(weights)
    return again


def _weights(name: str) -> str | None:
    """Which weights a model's file holds, alike for all formats and precisions of them; None where not told."""
    name = name.partition(" ")[0]
    stem, _, rest = name.partition(".")
    variant = rest.split(".")[:-1]
    if not _MODEL.fullmatch(name) or any(word == "ema" or word.isdigit() for word in variant):
        return None
    return _PLAIN.get(stem, stem)


def stands_alone(name: str) -> bool:
    """Whether a file can be a checkpoint by itself; an optimizer's or a generator's state is of one."""
    return name not in (*VALUES_ONLY, *BESIDE_DISTRIBUTED) and role_of_file(name) in (None, Role.EMA)


def _are_counted(names: list[str]) -> bool:
    """Whether two names differ by a number alone, as those of epochs do."""
    return len({_DIGITS.sub("#", name) for name in names}) < len(names)


def looks_like_member(name: str) -> bool:
    """Whether a name is that of one checkpoint of a run: ``checkpoint-500``, ``iter_0001000``, ``epoch_3.pt``."""
    return _MEMBER.fullmatch(name) is not None


def _holds_tensors(name: str) -> bool:
    if name.startswith(".") or name in VALUES_ONLY:
        return False
    return name.lower().endswith(TENSOR_SUFFIXES) or _has_known_name(name)


def _is_shard(name: str, whole: set[str]) -> bool:
    shard = shard_name(name)
    return shard is not None and shard.whole in whole


def place(name: str) -> tuple[int, object]:
    """Where a piece stands: models, then what is not known, then optimizer and the rest in the roles' order."""
    if _MODEL.fullmatch(name) or name.startswith("pytorch_model"):
        return 0, natural_key(name)
    role = role_of_file(name) or role_by_name(name)
    return (1 if role is None else 2 + list(Role).index(role)), natural_key(name)
