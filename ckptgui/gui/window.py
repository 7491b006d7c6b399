"""The window: menus, tabs, what is on them, and the foot. It places things and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
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
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.actions import ACTIONS, Needs
from ckptgui.gui.assets import application_icon
from ckptgui.gui.commands import Commands
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.sheets import DeviceSheets
from ckptgui.gui.devices.words import CPU, device_words, move_words, resave_words
from ckptgui.gui.dialogs import ask, file_dialog
from ckptgui.gui.document import DocumentPage
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.gathering import gathered
from ckptgui.gui.jobs import Background
from ckptgui.gui.menu_look import menu_sheet
from ckptgui.gui.menus import fill_recent, make_menus
from ckptgui.gui.numbers import tr
from ckptgui.gui.opening import Look, Opening
from ckptgui.gui.page import Page
from ckptgui.gui.preset_menu import PRESETS, fill_presets
from ckptgui.gui.status import StatusBar
from ckptgui.gui.theme import theme_signal
from ckptgui.gui.toolbar import TopRow
from ckptgui.gui.welcome import Welcome
from ckptgui.workspace.recent import opened
from ckptgui.workspace.run import Run
from ckptgui.workspace.settings import SettingsFile

if TYPE_CHECKING:
    from ckptgui.device.service import DeviceService

_PATTERNS = "*.pt *.pth *.pt2 *.ptl *.ckpt *.bin *.pkl *.tar *.safetensors *.index.json *.distcp"
FILTERS = f"Checkpoints ({_PATTERNS});;All files (*)"


class MainWindow(QMainWindow):
    """One tab a document. ``page_added`` tells of each new one, ``page_replaced`` of the one before, and of the
    one that stands in its place because the path turned out to be a run.
    """

    page_added = Signal(object)
    page_replaced = Signal(object, object)

    def __init__(
        self,
        settings: SettingsFile,
        background: Background,
        device_service: Callable[[], DeviceService] | None = None,
    ) -> None:
        """``device_service`` makes what holds tensors on devices; None means the process that has torch."""
        super().__init__()
        self.settings = settings
        self._background = background
        self._closing = False
        self.setWindowIcon(application_icon())
        self.setMinimumSize(900, 600)
        self.setAcceptDrops(True)
        self.commands = Commands(self)
        self.actions_by_key, self.recent_menu = make_menus(self, lambda spec: getattr(self.commands, spec.key))
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        self.top = TopRow(background, self.actions_by_key, self)
        self.devices = Devices(background, device_service, self)
        self.sheets = DeviceSheets(self.devices, self.actions_by_key, self.top.devices, self._about_devices, self)
        self.devices.changed.connect(self._name_device)
        for menu in self.menuBar().findChildren(QMenu):
            if self.actions_by_key["show_devices"] in menu.actions():
                menu.aboutToShow.connect(self.devices.ask_once)
            if self.actions_by_key["export_for_cpu"] in menu.actions():
                menu.aboutToShow.connect(lambda menu=menu: self._fill_presets(menu))
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
        self.top.box.chosen.connect(lambda path: self.current.go_to(path) if self.current is not None else None)
        self.welcome.open_asked.connect(self.open_file)
        self.welcome.chosen.connect(self.open_path)
        theme_signal().changed.connect(self._dress)
        self._dress()
        self._documents: list[Page] = []
        self._restore()
        self._tab_chosen(-1)

    # menus

    def _fill_recent(self) -> None:
        fill_recent(self.recent_menu, self.settings.now.recent, self.open_path)

    def _fill_presets(self, menu: QMenu) -> None:
        page = self.current
        why = page.able(Needs.EXPORT.value) if page is not None else tr("Open a checkpoint first.")
        act = page.export_at_once if page is not None else lambda _: None
        common = {key: self.actions_by_key[action] for key, action in PRESETS.items()}
        fill_presets(menu, common, self.settings.now.exports, why, act)

    def _dress(self) -> None:
        self.menuBar().setStyleSheet(menu_sheet())

    def _restore(self) -> None:
        now = self.settings.now
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen is not None else self.size()
        self.resize(min(now.width, max(900, room.width())), min(now.height, max(600, room.height())))
        self.actions_by_key[f"theme_{now.theme}"].setChecked(True)
        self.actions_by_key["fold_layers"].setChecked(now.fold_layers)
        self.welcome.show_recent(now.recent)

    # opening

    def open_file(self) -> None:
        """Ask for files."""
        self._ask_for(QFileDialog.FileMode.ExistingFiles, tr("Open a checkpoint"), self.open_paths)

    def open_folder(self) -> None:
        """Ask for a folder: a checkpoint of several files, or a run."""
        self._ask_for(QFileDialog.FileMode.Directory, tr("Open a folder"), self.open_paths)

    def _ask_for(self, mode: QFileDialog.FileMode, title: str, act: Callable[[Iterable[str]], None]) -> None:
        dialog = file_dialog(self, title, self.settings.now.last_folder)
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.ExistingFiles:
            dialog.setNameFilters(FILTERS.split(";;"))
        dialog.filesSelected.connect(act)
        dialog.open()

    def open_paths(self, paths: Iterable[str]) -> None:
        """Open each in a tab; what looks like one run is opened together."""
        for group in gathered(map(os.path.abspath, paths)):
            self.open_together(group)

    def open_at_start(self, paths: Sequence[str], opening: Opening | None) -> Page:
        """Open what the command line names, and return the first page; ``opening`` of it has begun already."""
        groups = gathered(map(os.path.abspath, paths))
        if opening is None:
            opening = Opening(groups[0][0], groups[0][1:])
        page = self.open_path(opening.path, opening)
        for group in groups:
            if opening.path not in group and group[0] not in opening.others:
                self.open_together(group)
        return page

    def open_together(self, paths: Sequence[str], look: Look = Look.ITSELF) -> Page:
        """Open one path, or several as one run, in a tab."""
        if look is Look.ITSELF and len(paths) == 1:
            return self.open_path(paths[0])
        return self._open(paths[0], Opening(paths[0], paths[1:], look))

    def open_path(self, path: str, opening: Opening | None = None, select: Path | None = None) -> Page:
        """Open a file or a folder in a tab of its own, or go to the tab that has it."""
        path = os.path.abspath(path)
        together = opening is not None and opening.is_run
        for page in self._documents:
            if not together and page.stands_for(path):
                if opening is not None:
                    opening.abandon()
                self.top.tabs.setCurrentIndex(self._documents.index(page))
                return page
        return self._open(path, opening, select)

    def _open(self, path: str, opening: Opening | None, select: Path | None = None) -> Page:
        page = DocumentPage(self._background, self.settings.now.tree_share, self)
        page.export.settings = page.batch.settings = self.settings
        page.use_devices(self.devices, self.sheets)
        page.found_run.connect(lambda run: self._found_run(page, run))
        self._documents.append(page)
        self._place(page)
        page.open_path(path, opening, select)
        index = self.top.tabs.add(page.title(), page.icon, display(path, 1000))
        self.top.tabs.setCurrentIndex(index)
        self._tab_chosen(index)
        self.page_added.emit(page)
        return page

    def _place(self, page: Page) -> None:
        """Take a page in and listen to it."""
        page.changed.connect(self._refresh)
        page.moved.connect(lambda: self._show_state() if page is self.current else None)
        page.open_another.connect(self.open_file)
        page.another_path.connect(self.open_path)
        page.opened.connect(lambda: self._page_opened(page))
        for view in page.views():
            self._dress_tree(view)
        self.pages.addWidget(page)

    def _dress_tree(self, view: DocumentView) -> None:
        """Let a tree be as all others are."""
        tree = view.tree
        tree.fold_layers(self.settings.now.fold_layers)
        tree.fold_changed.connect(self.fold_layers)
        tree.show_columns(self.settings.now.columns)
        tree.columns_changed.connect(self._show_columns)

    def _dress_epoch(self, page: DocumentPage) -> None:
        """Let the page of a run's checkpoint be as all others are."""
        self._dress_tree(page.view)
        page.export.settings = self.settings
        page.use_devices(self.devices, self.sheets)

    def _found_run(self, page: DocumentPage, run: Run) -> None:
        """What shows a run is imported when the first is found, off this thread."""
        self._background.lane(page).start(_import_series, lambda _: self._become_run(page, run))

    def _become_run(self, page: DocumentPage, run: Run) -> None:
        """Put a run in the place of a page whose path led to several checkpoints."""
        if page not in self._documents:
            return
        from ckptgui.gui.compare.page import SeriesPage

        new = SeriesPage(self._background, page.share(), self)
        new.document_made.connect(self._dress_epoch)
        new.use_devices(self.devices)
        new.batch.settings = self.settings
        self._documents[self._documents.index(page)] = new
        self._place(new)
        new.show_run(run, page.wanted, page.path)
        self.page_added.emit(new)
        self.page_replaced.emit(page, new)
        self._tab_chosen(self.top.tabs.currentIndex())
        page.close_page()
        self.pages.removeWidget(page)
        page.deleteLater()

    def show_devices(self) -> None:
        """Show or hide the devices and their memory."""
        self.sheets.toggle_panel()

    def _about_devices(self) -> str:
        """What is to be said of the file in front where there is no GPU."""
        page = self.current
        return page.about_devices() if page is not None else ""

    def _name_device(self) -> None:
        """Let the button and the actions name the accelerator that things are moved to."""
        target = self.devices.target
        self.top.name_device(device_words(target.name if target is not None else CPU))
        known = self.devices.inventory is not None
        self.actions_by_key["move_to_device"].setText(move_words(target, known=known))
        self.actions_by_key["resave_for_device"].setText(resave_words(target))

    def ask_to_compare(self) -> None:
        """Ask for checkpoints to compare what is in front with."""
        self._ask_for(QFileDialog.FileMode.ExistingFiles, tr("Compare with"), self._compare_with)

    def _compare_with(self, paths: Iterable[str]) -> None:
        page = self.current
        if page is not None and page.series() is not None:
            page.add_members(tuple(paths))
        elif page is not None:
            self.open_together((page.checkpoint_path(), *paths))

    def _page_opened(self, page: Page) -> None:
        if page is self.current and not isinstance(self.focusWidget(), QLineEdit):
            page.focus_rows()
        path = page.path
        folder = os.path.dirname(path)  # noqa: PTH120
        recent = opened(self.settings.now.recent, path) if page.stands_for(path) else self.settings.now.recent
        self.settings.change(recent=recent, last_folder=folder)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        paths = tuple(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
        page = self.current
        if page is not None and page.takes_members:
            page.add_members(paths)
        else:
            self.open_paths(paths)

    # tabs

    @property
    def current(self) -> Page | None:
        """The page that is in front."""
        index = self.top.tabs.currentIndex()
        return self._documents[index] if 0 <= index < len(self._documents) else None

    @property
    def documents(self) -> tuple[Page, ...]:
        """All pages, in the order of their tabs."""
        return tuple(self._documents)

    def _tab_chosen(self, index: int) -> None:
        page = self._documents[index] if 0 <= index < len(self._documents) else None
        if page is None:
            self.welcome.show_recent(self.settings.now.recent)
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

    def _drop_page(self, page: Page) -> None:
        if page not in self._documents:
            return
        index = self._documents.index(page)
        self.settings.change(tree_share=page.share())
        page.close_page()
        self._documents.remove(page)
        self.pages.removeWidget(page)
        page.deleteLater()
        self.top.tabs.removeTab(index)
        self._tab_chosen(self.top.tabs.currentIndex())
        if self.current is None:
            self.welcome.button.setFocus()
        else:
            self.current.focus_rows()

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
            action.setToolTip(why or action.text().partition("\t")[0])
        self.top.offer_report(page is not None and page.series() is not None and page.document() is None)
        self.top.box.set_finder(page.finder() if page is not None else None)
        self.setWindowTitle(f"{page.title()} – ckptgui" if page is not None else "ckptgui")
        self._show_state()

    def _show_state(self) -> None:
        """Let the foot say what the page in front says."""
        page = self.current
        if page is None:
            self.status.show_state(None, "", ())
        elif not self._closing:
            self.status.show_state(page.activity(), page.outcome(), page.facts(), page.link())

    # what all tabs do alike

    def fold_layers(self, folded: bool) -> None:
        """Show equal layers as one row, or each; the next start does so too."""
        self.actions_by_key["fold_layers"].setChecked(folded)
        self.settings.change(fold_layers=folded)
        for view in self._views():
            if view.tree.folds_layers != folded:
                view.tree.fold_layers(folded)

    def _show_columns(self, columns: tuple[str, ...]) -> None:
        """The same for the columns of the tree."""
        self.settings.change(columns=columns)
        for view in self._views():
            view.tree.show_columns(columns)

    def _views(self) -> Iterator[DocumentView]:
        for page in self._documents:
            yield from page.views()

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
        now = self.settings.now
        shares = [page.share() for page in self._documents]
        self.settings.change(
            width=now.width if self.isMaximized() else self.width(),
            height=now.height if self.isMaximized() else self.height(),
            maximised=self.isMaximized(),
            tree_share=shares[-1] if shares else now.tree_share,
        )
        for page in self._documents:
            page.close_page()


def _import_series(_: Cancel, __: Report) -> None:
    import ckptgui.gui.compare.page  # noqa: F401 - the class is taken from there by who needs it
