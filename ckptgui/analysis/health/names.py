"""What a tensor's name tells: its siblings in other layers, and what looks ill and is so by design."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_MASK = re.compile(r"(^|[._])mask(ed)?(_bias|s)?$")
_COPY = re.compile(r"(^|[._])(target|teacher|momentum|ema|shadow|average|averaged|swa|encoder_k)([._]|$)")
_EMBEDDINGS = ("emb", "wte", "wpe", "token")
_OVER_A_VOCABULARY = (*_EMBEDDINGS, "lm_head")
_LOGARITHM = re.compile(r"(^|[._])(A_log|log_[a-z]+|[a-z]+_log)$")
_WORKED_OUT = re.compile(
    r"(^|[._])(pe|pos_enc|positional_encoding|inv_freq|freqs_cis|(cos|sin)(_cached)?|window|fb|mel_fb|mel_basis"
    r"|mel_filters|filterbank|(forward|inverse)_basis)$"
)
_RUNNING = ("running_mean", "running_var", "inv_freq")


def general(name: str) -> str:
    """The name with the numbers of layers taken out: ``blocks.3.mlp.0.weight`` is ``blocks.*.mlp.*.weight``."""
    return _NUMBER.sub("*", name)


def layer(name: str) -> str:
    """The name up to its first number (``blocks.3``), or up to its last part where it has none."""
    found = _NUMBER.search(name)
    return name[: found.end()] if found else name.rpartition(".")[0]


def is_mask(name: str) -> bool:
    """A mask of attention holds −inf, or the lowest number there is, on purpose."""
    return _MASK.search(name) is not None


def is_copy(name: str) -> bool:
    """A target network or a moving average follows another network, and equals it now and then."""
    return _COPY.search(name.lower()) is not None


def is_embedding(name: str) -> bool:
    """A table whose padding entry is zero by design (``torch.nn.Embedding``, ``padding_idx``)."""
    return any(part in name.lower() for part in _EMBEDDINGS)


def is_over_a_vocabulary(name: str) -> bool:
    """A table with a row a token, which may be filled up with rows of zeros to a round number of them."""
    return any(part in name.lower() for part in _OVER_A_VOCABULARY)


def is_logarithm(name: str) -> bool:
    """A parameter that is kept as its logarithm (``A_log`` of Mamba): zero means one there, nothing is dead."""
    return _LOGARITHM.search(name) is not None


def is_worked_out(name: str) -> bool:
    """A table that a formula gave, such as waves of positions or the filters of a spectrogram: it is the same in
    several places, and parts of it are zero.
    """
    return _WORKED_OUT.search(name) is not None


def is_running(name: str) -> bool:
    """Figures and constants that a state dict lists among the weights; they are as large as what they follow."""
    return name.endswith(_RUNNING)
