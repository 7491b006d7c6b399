"""The keys of ``info --json`` that tell what a checkpoint is good for and where it comes from."""

from __future__ import annotations

from typing import Any

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.names_used import used_names
from ckptgui.core.training.provenance import provenance
from ckptgui.core.training.readiness import readiness


def modules_answer(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """``modules``: what each was constructed with; ``registered`` only where it is not."""
    return [
        {
            "path": list(module.path),
            "class": module.class_name,
            "training": module.training,
            "attributes": dict(module.attributes),
            **({} if module.registered else {"registered": False}),
        }
        for module in checkpoint.modules
    ]


def globals_answer(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """``safety.globals`` in the file's order, which is that of the checkpoint's names."""
    told = {name.name: name for name in used_names(checkpoint)}
    return [
        {
            "name": name.name,
            "class": name.use.value,
            "where": told[name.name].where,
            "effect": told[name.name].effect,
            "allowed": told[name.name].allowed,
        }
        for name in checkpoint.globals
    ]


def readiness_answer(checkpoint: Checkpoint) -> dict[str, Any]:
    """``readiness``: the verdict, an entry for each need, the reminder to call ``eval()`` or null."""
    found = readiness(checkpoint)
    return {
        "verdict": found.sentence,
        "items": [
            {
                "need": item.need.value,
                "presence": item.presence.value,
                "path": None if item.path is None else list(item.path),
                "text": item.text,
                "cost": item.cost or None,
            }
            for item in found.items
        ],
        "reminder": found.reminder,
    }


def provenance_answer(checkpoint: Checkpoint) -> dict[str, Any]:
    """``provenance``: the likely writer and why, what the file says of itself, the newest time of its files."""
    found = provenance(checkpoint)
    return {
        "writer": found.writer or None,
        "because": found.because or None,
        "facts": {fact.name: fact.value for fact in found.facts},
        "written": found.written.isoformat() if found.written else None,
        "module_versions": [
            {"section": list(noted.section), "version": noted.version, "count": noted.count}
            for noted in found.module_versions
        ],
    }
