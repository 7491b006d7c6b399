"""What the process does when it is asked for figures of what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.spectrum import Spectrum
from ckptgui.analysis.summary import Summary
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside import differences, figures, refining, spectrum
from ckptgui.device.inside.work import Work
from ckptgui.device.requests import Compare, Refine, RefineBars, TakeSpectrum, TakeSummary
from ckptgui.engine.job import Progress, Report
from ckptgui.engine.spectrum import cost, may_have_spectrum

_COMPILING = 120.0
"""Seconds that the CPU's loops may take to be compiled, the very first time."""

_answered: set[tuple[type, str]] = set()
"""The kinds of requests and dtypes that were answered once: their loops are there, and silence means something."""


def _summary(request: TakeSummary, work: Work) -> Summary:
    held = work.held(request.token)
    with _compiling(request, held.info, work):
        found, work.fell_back = figures.summarise(
            held.backend, held.raw, held.info, work.cancel, work.report, request.exact
        )
    return found


def _refined(request: Refine, work: Work) -> Distribution:
    held, spread = work.held(request.token), request.distribution
    low, high = request.low, request.high
    with _compiling(request, held.info, work):
        found, work.fell_back = refining.refine(
            held.backend, held.raw, held.info, spread, low, high, work.cancel, work.report, request.scale
        )
    return found


def _bars(request: RefineBars, work: Work) -> Distribution:
    held, spread = work.held(request.token), request.distribution
    with _compiling(request, held.info, work):
        found, work.fell_back = refining.refine_bars(
            held.backend, held.raw, held.info, spread, request.edges, work.cancel, work.report
        )
    return found


def _spectrum(request: TakeSpectrum, work: Work) -> Spectrum:
    held = work.held(request.token)
    report = work.report
    if may_have_spectrum(held.info):
        report = _patient(work, 60.0 + 4 * cost(held.info).seconds)
    found, work.fell_back = spectrum.spectrum(held.backend, held.raw, held.info, work.cancel, report)
    return found


def _patient(work: Work, seconds: float) -> Report:
    """The report, of which each may be the last before a step that gives no sign."""

    def report(progress: Progress) -> None:
        work.report(progress)
        work.patience(seconds)

    return report


def _differences(request: Compare, work: Work) -> np.ndarray | None:
    a, b = work.held(request.a), work.held(request.b)
    sides = (a.backend, a.raw, a.info), (b.backend, b.raw, b.info)
    with _compiling(request, a.info, work):
        found, work.fell_back = differences.compare(*sides, work.cancel, work.report)
    return found


@contextmanager
def _compiling(request: object, info: TensorInfo, work: Work) -> Iterator[None]:
    """Ask for patience, unless the like was answered before."""
    like = (type(request), info.dtype.name)
    if like not in _answered:
        work.patience(_COMPILING)
    yield
    _answered.add(like)


FIGURES: Mapping[type, Callable[[Any, Work], Any]] = MappingProxyType(
    {
        TakeSummary: _summary,
        Refine: _refined,
        RefineBars: _bars,
        TakeSpectrum: _spectrum,
        Compare: _differences,
    }
)
"""Every kind that is about figures."""
