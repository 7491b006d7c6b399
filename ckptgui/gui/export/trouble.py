"""Which option a refusal is about, so that it is shown there."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.export.request import ExportRequest


def field_of(trouble: str, request: ExportRequest) -> str:
    """``include``, ``exclude``, ``dtype_for`` or ``rename``: whose text the sentence quotes; else empty."""
    if not trouble:
        return ""
    fields = {
        "include": request.include,
        "exclude": request.exclude,
        "dtype_for": tuple(pattern for pattern, _ in request.dtype_for),
        "rename": tuple(pattern for pattern, _ in request.rename),
    }
    return next(
        (name for name, texts in fields.items() if any(text and display(text) in trouble for text in texts)), ""
    )
