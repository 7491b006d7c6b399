"""What the process does when it is asked for figures of what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.spectrum import Spectrum
from ckptgui.analysis.summary import Summary
from ckptgui.device.inside import differences, figures, refining, spectrum
from ckptgui.device.inside.work import Work
from ckptgui.device.requests import Compare, Refine, RefineBars, TakeSpectrum, TakeSummary
from ckptgui.engine.job import Progress, Report
from ckptgui.engine.spectrum import cost, may_have_spectrum

_COMPILING = 120.0
"""Seconds that the CPU's loops may take to be compiled, the very first time."""


def _summary(request: TakeSummary, work: Work) -> Summary:
    held = work.held(request.token)
    work.patience(_COMPILING)
    found, work.fell_back = figures.summarise(
        held.backend, held.raw, held.info, work.cancel, work.report, request.exact
    )
    return found


def _refined(request: Refine, work: Work) -> Distribution:
    held, spread = work.held(request.token), request.distribution
    work.patience(_COMPILING)
    low, high = request.low, request.high
    found, work.fell_back = refining.refine(
        held.backend, held.raw, held.info, spread, low, high, work.cancel, work.report, request.scale
    )
    return found


def _bars(request: RefineBars, work: Work) -> Distribution:
    held, spread = work.held(request.token), request.distribution
    work.patience(_COMPILING)
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
    work.patience(_COMPILING)
    sides = (a.backend, a.raw, a.info), (b.backend, b.raw, b.info)
    found, work.fell_back = differences.compare(*sides, work.cancel, work.report)
    return found


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
