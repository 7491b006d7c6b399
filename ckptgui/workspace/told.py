"""What was told of the last tasks: a task that is asked for again goes on from there, and is heard whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from ckptgui.workspace.tasks import News, Task

_REMEMBERED = 3
"""Tasks of which what was told is remembered: whoever stopped listening may have missed that."""


class Told:
    """Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._news: OrderedDict[Task, list[News]] = OrderedDict()

    def again(self, task: Task, take: Callable[[News], None]) -> Callable[[News], None]:
        """Tell ``take`` what was told of a task before; what the answer is called with is told and remembered."""
        news = self._news.setdefault(task, [])
        self._news.move_to_end(task)
        while len(self._news) > _REMEMBERED:
            self._news.popitem(last=False)
        for each in news:
            take(each)

        def tell(each: News) -> None:
            news.append(each)
            take(each)

        return tell

    def left(self, task: Task, known: np.ndarray) -> np.ndarray:
        """bool a number: it is not ``known`` to who listens, and nothing was told."""
        left = ~known
        for news in self._news[task]:
            left[news.numbers] = False
            left[list(news.errors)] = False
        return left
