"""The window: menus, tabs, what is on them, and the foot. It places things and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.formats.folders.shard_names import opens_the_same
from ckptgui.gui.actions import ACTIONS, MENUS, Needs
from ckptgui.gui.assets import application_icon
from ckptgui.gui.dialogs import ask, file_dialog
from ckptgui.gui.document import DocumentPage
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.export_flow import show_folder
from ckptgui.gui.jobs import Background
from ckptgui.gui.menu_look import menu_sheet
from ckptgui.gui.numbers import tr
from ckptgui.gui.opening import Opening
from ckptgui.gui.run_panel import RunPage
from ckptgui.gui.status import StatusBar
from ckptgui.gui.theme import apply_theme, theme_signal
from ckptgui.gui.toolbar import TopRow
from ckptgui.gui.welcome import Welcome
from ckptgui.workspace.logs import log_folder
from ckptgui.workspace.recent import opened
from ckptgui.workspace.run import Run
from ckptgui.workspace.settings import SettingsFile

_PATTERNS = "*.pt *.pth *.pt2 *.ptl *.ckpt *.bin *.pkl *.tar *.safetensors *.index.json *.distcp"
FILTERS = f"Checkpoints ({_PATTERNS});;All files (*)"
_MODES: dict[str, bool | None] = {"system": None, "light": False, "dark": True}

Document = DocumentPage | RunPage


class MainWindow(QMainWindow):
    """One tab a document. ``page_added`` tells of each new one, ``page_replaced`` of the one before, and of the
    one that stands in its place because the path turned out to be a run.
    """

    page_added = Signal(object)
    page_replaced = Signal(object, object)

    def __init__(self, settings: SettingsFile, background: Background) -> None:
        super().__init__()
        self._settings = settings
        self._background = background
        self._closing = False
        self.setWindowIcon(application_icon())
        self.setMinimumSize(900, 600)
        self.setAcceptDrops(True)
        self.actions_by_key = self._make_actions()
        self.top = TopRow(background, self.actions_by_key, self)
        self.pages = QStackedWidget(self)
        self.welcome = Welcome(background, self)
        self.pages.addWidget(self.welcome)
        self.status = StatusBar(self)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.top, self.pages, self.status):
            column.addWidget(part, 1 if part is self.pages else 0)
        self.setCentralWidget(middle)
        self.top.tabs.currentChanged.connect(self._tab_chosen)
        self.top.tabs.tabMoved.connect(self._tab_moved)
        self.top.tabs.close_asked.connect(self.close_page)
        self.top.box.chosen.connect(self._go_to)
        self.welcome.open_asked.connect(self.open_file)
        self.welcome.chosen.connect(self.open_path)
        theme_signal().changed.connect(self._dress)
        self._dress()
        self._documents: list[Document] = []
        self._restore()
        self._tab_chosen(-1)

    # menus

    def _make_actions(self) -> dict[str, QAction]:
        menus = {name: self.menuBar().addMenu(tr(name)) for name in MENUS}
        groups: dict[str, QActionGroup] = {}
        actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            menu = menus[spec.menu]
            if spec.line_before:
                menu.addSeparator()
            action = QAction(tr(spec.text), self)
            action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
            action.triggered.connect(getattr(self, spec.key))
            action.setCheckable(spec.ticked or bool(spec.group))
            if spec.group:
                groups.setdefault(spec.group, QActionGroup(self)).addAction(action)
            menu.addAction(action)
            menu.setToolTipsVisible(True)
            actions[spec.key] = action
            if spec.key == "open_folder":
                self.recent_menu = menu.addMenu(tr("Open recent"))
                self.recent_menu.aboutToShow.connect(self._fill_recent)
        return actions

    def _fill_recent(self) -> None:
        fill_recent(self.recent_menu, self._settings.now.recent, self.open_path)

    def _dress(self) -> None:
        self.menuBar().setStyleSheet(menu_sheet())

    def _restore(self) -> None:
        now = self._settings.now
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen is not None else self.size()
        self.resize(min(now.width, max(900, room.width())), min(now.height, max(600, room.height())))
        self.actions_by_key[f"theme_{now.theme}"].setChecked(True)
        self.actions_by_key["fold_layers"].setChecked(now.fold_layers)
        self.welcome.show_recent(now.recent)

    # opening

    def open_file(self) -> None:
        """Ask for files."""
        self._ask_for(QFileDialog.FileMode.ExistingFiles, tr("Open a checkpoint"))

    def open_folder(self) -> None:
        """Ask for a folder: a checkpoint of several files, or a run."""
        self._ask_for(QFileDialog.FileMode.Directory, tr("Open a folder"))

    def _ask_for(self, mode: QFileDialog.FileMode, title: str) -> None:
        dialog = file_dialog(self, title, self._settings.now.last_folder)
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.ExistingFiles:
            dialog.setNameFilters(FILTERS.split(";;"))
        dialog.filesSelected.connect(self.open_paths)
        dialog.open()

    def open_paths(self, paths: Iterable[str]) -> None:
        """Open each in a tab."""
        for path in paths:
            self.open_path(path)

    def open_path(self, path: str, opening: Opening | None = None, select: Path | None = None) -> Document:
        """Open a file or a folder in a tab of its own, or go to the tab that has it."""
        path = os.path.abspath(path)
        for page in self._documents:
            if opens_the_same(page.path, path):
                if opening is not None:
                    opening.abandon()
                self.top.tabs.setCurrentIndex(self._documents.index(page))
                return page
        page = DocumentPage(self._background, self._settings.now.tree_share, self)
        page.found_run.connect(lambda run: self._become_run(page, run))
        self._documents.append(page)
        self._place(page, path)
        page.open_path(path, opening, select)
        index = self.top.tabs.add(page.title(), page.icon, display(path, 1000))
        self.top.tabs.setCurrentIndex(index)
        self._tab_chosen(index)
        self.page_added.emit(page)
        return page

    def _place(self, page: Document, path: str) -> None:
        """Take a page in and listen to it."""
        page.changed.connect(self._refresh)
        page.moved.connect(lambda: self._show_state() if page is self.current else None)
        page.open_another.connect(self.open_file)
        page.opened.connect(lambda: self._page_opened(page, path))
        tree = _view_of(page).tree
        tree.fold_layers(self._settings.now.fold_layers)
        tree.fold_changed.connect(self._folds_changed)
        tree.show_columns(self._settings.now.columns)
        tree.columns_changed.connect(self._columns_changed)
        self.pages.addWidget(page)

    def _become_run(self, page: DocumentPage, run: Run) -> None:
        """Put a run in the place of a page whose path is a folder of several."""
        if page not in self._documents:
            return
        new = RunPage(self._background, page.view.share(), self)
        self._documents[self._documents.index(page)] = new
        self._place(new, page.path)
        new.show_run(run, page.wanted)
        self.page_added.emit(new)
        self.page_replaced.emit(page, new)
        self._tab_chosen(self.top.tabs.currentIndex())
        page.close_page()
        self.pages.removeWidget(page)
        page.deleteLater()

    def _page_opened(self, page: Document, path: str) -> None:
        view = page.document()
        if page is self.current and view is not None and not isinstance(self.focusWidget(), QLineEdit):
            view.tree.setFocus()
        folder = os.path.dirname(path)  # noqa: PTH120
        self._settings.change(recent=opened(self._settings.now.recent, path), last_folder=folder)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.open_paths(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())

    # tabs

    @property
    def current(self) -> Document | None:
        """The page that is in front."""
        index = self.top.tabs.currentIndex()
        return self._documents[index] if 0 <= index < len(self._documents) else None

    @property
    def documents(self) -> tuple[Document, ...]:
        """All pages, in the order of their tabs."""
        return tuple(self._documents)

    def _tab_chosen(self, index: int) -> None:
        page = self._documents[index] if 0 <= index < len(self._documents) else None
        if page is None:
            self.welcome.show_recent(self._settings.now.recent)
        self.pages.setCurrentWidget(page or self.welcome)
        self.top.tabs.setVisible(bool(self._documents))
        self.top.update()
        self._refresh()

    def _tab_moved(self, start: int, end: int) -> None:
        self._documents.insert(end, self._documents.pop(start))
        self.top.update()

    def close_page(self, index: int) -> None:
        """Close a tab; one with something unfinished is asked about."""
        page = self._documents[index]
        reason = page.unfinished()
        if reason:
            question = tr("Close {name}?").format(name=page.title())
            ask(self, question, reason, tr("Close the tab"), lambda: self._drop_page(page))
        else:
            self._drop_page(page)

    def _drop_page(self, page: Document) -> None:
        if page not in self._documents:
            return
        index = self._documents.index(page)
        self._settings.change(tree_share=_share_of(page))
        page.close_page()
        self._documents.remove(page)
        self.pages.removeWidget(page)
        page.deleteLater()
        self.top.tabs.removeTab(index)
        self._tab_chosen(self.top.tabs.currentIndex())
        view = self.current.document() if self.current is not None else None
        (self.welcome.button if self.current is None else view.tree if view is not None else self).setFocus()

    def close_tab(self) -> None:
        """Close the tab in front."""
        if self.current is not None:
            self.close_page(self.top.tabs.currentIndex())

    def _refresh(self) -> None:
        """Let tabs, actions and the foot say what the page in front says."""
        if self._closing:
            return
        page = self.current
        for index, each in enumerate(self._documents):
            if index < self.top.tabs.count():
                self.top.tabs.describe(index, each.title(), each.icon, display(each.path, 1000))
        for spec in ACTIONS:
            action = self.actions_by_key[spec.key]
            why = ""
            if spec.needs is not Needs.NOTHING:
                why = page.able(spec.needs.value) if page is not None else tr("Open a checkpoint first.")
            action.setEnabled(not why)
            action.setStatusTip(why)
            action.setToolTip(why or tr(spec.text).partition("\t")[0])
        view = page.document() if page is not None else None
        known = view.opened if view is not None else None
        self.top.box.set_checkpoint(
            known.checkpoint if known else None, view.tree.prepared if view is not None else None
        )
        self.setWindowTitle(f"{page.title()} – ckptgui" if page is not None else "ckptgui")
        self._show_state()

    def _show_state(self) -> None:
        """Let the foot say what the page in front says."""
        page = self.current
        if page is None:
            self.status.show_state(None, "", ())
        elif not self._closing:
            self.status.show_state(page.activity(), page.outcome(), page.facts(), page.link())

    # what the actions do

    def export_state_dict(self) -> None:
        """Re-save the state dict of the page in front."""
        if self.current is not None:
            self.current.export_state_dict()

    def quit(self) -> None:
        """Close the window."""
        self.close()

    def copy(self) -> None:
        """Tell the part that has the keyboard to copy what it has."""
        target = QApplication.focusWidget()
        if target is not None:
            for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
                event = QKeyEvent(kind, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
                QApplication.sendEvent(target, event)

    def copy_path(self) -> None:
        """Copy the path of what is selected."""
        if self.current is not None:
            self.current.copy_path()

    def find_row(self) -> None:
        """Go to the filter box."""
        view = self.current.document() if self.current is not None else None
        if view is not None:
            view.tree.focus_filter()

    def fold_layers(self, folded: bool) -> None:
        """Show equal layers as one row, or each."""
        self._folds_changed(folded)

    def _folds_changed(self, folded: bool) -> None:
        """All tabs do alike, and so does the next start."""
        self.actions_by_key["fold_layers"].setChecked(folded)
        self._settings.change(fold_layers=folded)
        for page in self._documents:
            if _view_of(page).tree.folds_layers != folded:
                _view_of(page).tree.fold_layers(folded)

    def _columns_changed(self, columns: tuple[str, ...]) -> None:
        """The same for the columns of the tree."""
        self._settings.change(columns=columns)
        for page in self._documents:
            _view_of(page).tree.show_columns(columns)

    def go_to_tensor(self) -> None:
        """Go to the box above."""
        self.top.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.top.box.selectAll()

    def _go_to(self, path: Path) -> None:
        view = self.current.document() if self.current is not None else None
        if view is not None:
            view.select(path)
            view.tree.setFocus()

    def show_overview(self) -> None:
        """Select the file itself."""
        self._go_to(())

    def next_finding(self) -> None:
        """Select the next tensor that something is wrong with."""
        view = self.current.document() if self.current is not None else None
        if view is not None:
            view.next_finding()

    def back(self) -> None:
        """Select what was selected before."""
        self._step_selection(-1)

    def forward(self) -> None:
        """Select what was selected after."""
        self._step_selection(1)

    def _step_selection(self, step: int) -> None:
        view = self.current.document() if self.current is not None else None
        if view is not None:
            view.step(step)

    def previous_epoch(self) -> None:
        """Step a run back."""
        if isinstance(self.current, RunPage):
            self.current.step(-1)

    def next_epoch(self) -> None:
        """Step a run on."""
        if isinstance(self.current, RunPage):
            self.current.step(1)

    def next_tab(self) -> None:
        """Bring the next tab to the front; after the last comes the first."""
        self._step_tab(1)

    def previous_tab(self) -> None:
        """Bring the tab before to the front."""
        self._step_tab(-1)

    def _step_tab(self, step: int) -> None:
        tabs = self.top.tabs
        if tabs.count():
            tabs.setCurrentIndex((tabs.currentIndex() + step) % tabs.count())

    def theme_system(self) -> None:
        """Follow the system."""
        self._use_theme("system")

    def theme_light(self) -> None:
        """Stay light."""
        self._use_theme("light")

    def theme_dark(self) -> None:
        """Stay dark."""
        self._use_theme("dark")

    def _use_theme(self, name: str) -> None:
        self._settings.change(theme=name)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, _MODES[name])

    def show_shortcuts(self) -> None:
        """List the keys."""
        from ckptgui.gui.about import shortcuts

        shortcuts(self)

    def show_about(self) -> None:
        """Say what this is."""
        from ckptgui.gui.about import about

        about(self)

    def open_log_folder(self) -> None:
        """Show where the log lies."""
        show_folder(str(log_folder()))

    # the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, unless something unfinished has to be asked about first."""
        reason = next((page.unfinished() for page in self._documents if page.unfinished()), "")
        if reason and not self._closing:
            event.ignore()
            ask(self, tr("Close the window?"), reason, tr("Close the window"), self.close_now)
            return
        self._end()
        event.accept()

    def close_now(self) -> None:
        """Close whatever is going on."""
        self._closing = True
        self.close()

    def _end(self) -> None:
        self._closing = True
        now = self._settings.now
        shares = [_share_of(page) for page in self._documents]
        self._settings.change(
            width=now.width if self.isMaximized() else self.width(),
            height=now.height if self.isMaximized() else self.height(),
            maximised=self.isMaximized(),
            tree_share=shares[-1] if shares else now.tree_share,
        )
        for page in self._documents:
            page.close_page()


def theme_mode(name: str) -> bool | None:
    """What ``apply_theme`` is told for a theme of the settings."""
    return _MODES[name]


def fill_recent(menu: QMenu, recent: Iterable[str], act: object) -> None:
    """One line a recent path, newest first."""
    menu.clear()
    for path in recent:
        action = menu.addAction(display(path, 100).replace("&", "&&"))
        action.triggered.connect(lambda _=False, path=path: act(path))  # type: ignore[operator]
    if menu.isEmpty():
        menu.addAction(tr("Nothing was opened yet")).setEnabled(False)


def _view_of(page: Document) -> DocumentView:
    return page.document_page.view if isinstance(page, RunPage) else page.view


def _share_of(page: Document) -> float:
    return _view_of(page).share()
