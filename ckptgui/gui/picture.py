"""A picture of the window without a screen: opens, selects, waits until what is asked for is painted, saves."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.numbers import significant, tr
from ckptgui.gui.opening import Opening
from ckptgui.gui.page import Page
from ckptgui.gui.pass_progress import Phase
from ckptgui.gui.picture_over import Over
from ckptgui.gui.session import Session

ROWS_LIMIT = 15_000
"""Milliseconds that visible rows may take once the file is open; one of a hundred gigabytes stays pale."""


SOON_READ = 256 * 2**20
"""Bytes of a file that is waited for whole, as that takes no longer than the rest; what is larger stays pale."""

CALM, CALM_LOOKS = 50, 5
"""Milliseconds between two looks whether anything is being worked on, and how many times nothing must be."""


class PictureError(Exception):
    """Why there is no picture; one sentence."""


class Picture(QObject):
    """Takes one picture. Ready means: the view is painted, and every visible row has its figures or a reason,
    or has had its time."""

    def __init__(
        self,
        session: Session,
        png: str,
        size: tuple[int, int],
        select: str | None,
        view: str | None,
        limit: float,
    ) -> None:
        super().__init__(session.window)
        self._session = session
        self._png, self._size = png, size
        self._select, self._view = select, view
        self._limit = limit
        self._loop = QEventLoop(self)
        self._page: Page | None = None
        self._failure = ""
        self._histogram_due = False
        self._row: int | None = None
        self._over: Over | None = None

    def take(self, paths: list[str], opening: Opening | None) -> None:
        """Save the picture of the first of ``paths``; raises ``PictureError``."""
        window = self._session.window
        window.setFixedSize(*self._size)
        self._watch(window.open_at_start(paths, opening))
        window.page_replaced.connect(lambda elder, new: self._watch(new) if elder is self._page else None)
        window.top.tabs.setCurrentIndex(0)
        self._session.bugs.met.connect(lambda text: self._fail(text.strip().rpartition("\n")[2]))
        window.show()
        QTimer.singleShot(round(self._limit * 1000), self._late)
        self._loop.exec()
        if self._failure:
            raise PictureError(self._failure)
        picture = window.grab()
        if self._over is not None:
            self._over.paint(picture)
        if not picture.save(self._png, "PNG"):
            raise PictureError(tr("The picture could not be written to {png}.").format(png=display(self._png)))

    def _watch(self, page: Page) -> None:
        self._page = page
        page.failed.connect(self._fail)
        page.opened.connect(self._opened)
        page.histogram_painted.connect(self._histogram_painted)

    def _fail(self, reason: str) -> None:
        self._failure = display(reason, MAX_DETAIL)
        self._loop.quit()

    def _late(self) -> None:
        seconds = significant(self._limit, 2)
        self._fail(tr("The view was not ready after {seconds} seconds.").format(seconds=seconds))

    def _opened(self) -> None:
        page = self._page
        series = page.series() if page is not None else None
        if page is None or series is None:
            self._show_document()
        elif self._view in (None, "compare"):
            self._show_series(page)
        else:
            page.show_checkpoint(self._show_document)

    def _show_series(self, page: Page) -> None:
        if self._select is not None and page.select_joined(self._select) is None:
            self._fail(tr("There is no tensor {path} in it.").format(path=display(self._select)))
            return
        self._calm = 0
        self._calmed = QTimer(self, interval=CALM)
        self._calmed.timeout.connect(self._look_whether_calm)
        self._calmed.start()

    def _look_whether_calm(self) -> None:
        """All is there once nothing is being worked on, and nothing new was begun because of what came last."""
        self._calm = self._calm + 1 if self._session.background.idle else 0
        if self._calm >= CALM_LOOKS:
            self._loop.quit()

    def _show_document(self) -> None:
        view = self._document()
        if view is None or view.opened is None or view.summaries is None:
            return
        table = view.opened.checkpoint.tensors
        path = None
        if self._select is not None:
            path = view.select_joined(self._select)
            if path is None:
                self._fail(tr("There is no tensor {path} in it.").format(path=display(self._select)))
                return
        elif self._view == "inspect" and len(table):
            path = table.path(0)
        if path is not None and self._view != "overview":
            view.select(path)
            row = view.opened.checkpoint.row(path)
            self._row = row
            self._histogram_due = row is not None and row not in table.errors and int(table.numel[row]) > 0
        else:
            view.select(())
        known = view.summaries
        for signal in (known.arrived, known.ready, known.failed, known.finished):
            signal.connect(self._check)
        for part in (view.completed, view.view_ready):
            part.connect(self._check, Qt.ConnectionType.QueuedConnection)
        QTimer.singleShot(0, self._check)
        QTimer.singleShot(ROWS_LIMIT, self._rows_late)

    def _rows_late(self) -> None:
        view = self._document()
        if not self._histogram_due and view is not None and view.complete:
            self._painted()

    def _histogram_painted(self) -> None:
        self._histogram_due = False
        self._check()

    def _check(self) -> None:
        self._histogram_due = self._histogram_due and not self._has_none()
        if not self._histogram_due and not self._pending():
            # One turn of the event loop more: who else hears of the last figure must have taken it in.
            QTimer.singleShot(60, self._painted)

    def _painted(self) -> None:
        """The document is; what is to lie over it comes now."""
        if self._view not in ("export", "devices"):
            self._loop.quit()
        elif self._over is None and self._page is not None:
            self._over = Over(self._view, self._session.window, self._page, self._loop.quit)
            if why := self._over.show():
                self._fail(why)

    def _has_none(self) -> bool:
        """Whether the selected tensor turned out to have no distribution: packed, or made of others."""
        view = self._document()
        if view is None or view.summaries is None or self._row is None:
            return False
        profile = view.summaries.profile
        return bool(profile.known[self._row]) and not profile.sparkline(self._row)

    def _pending(self) -> bool:
        view = self._document()
        if view is None or view.summaries is None or view.opened is None or not view.settled:
            return True
        progress = view.summaries.progress
        if progress.phase in (Phase.WAITING, Phase.READING) and progress.total <= SOON_READ:
            return True
        rows = view.opened.tree.row[view.tree.view.visible_nodes()]
        rows = rows[rows >= 0]
        unknown = rows[~view.summaries.profile.known[rows]].tolist()
        return any(view.summaries.error(row) is None for row in unknown)

    def _document(self) -> DocumentView | None:
        return self._page.document() if self._page is not None else None
