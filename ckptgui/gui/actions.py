"""Everything the window can be told to do, as a table: words, place in the menus, keys, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Needs(Enum):
    """What must be there for an action. Pages answer for each with a reason why not (``Page.able``)."""

    NOTHING = ""
    PAGE = "page"  # a tab
    DOCUMENT = "document"  # a checkpoint that is shown
    EXPORT = "export"  # one that can be exported now
    BACK = "back"
    FORWARD = "forward"
    PREVIOUS = "previous"  # an earlier epoch
    NEXT = "next"
    PLAY = "play"
    COMPARE = "compare"  # a checkpoint that may have siblings, or a run
    SIBLINGS = "siblings"
    AVERAGE = "average"  # a model and its average in one file
    SERIES = "series"  # checkpoints that are compared
    LOADING = "loading"
    REPORT = "report"
    FINDING = "finding"  # something that was found to be wrong
    BATCH = "batch"  # several checkpoints that can be exported
    MOVE = "move"  # tensors, and an accelerator that they can be moved to
    MOVE_BACK = "move back"  # tensors, and the memory of the process that has torch
    FREE = "free"  # tensors that this process holds
    RESAVE = "resave"  # a checkpoint that can be written for a device


@dataclass(frozen=True)
class Spec:
    """One action. ``key`` is also the name of the method of ``Commands`` that does it."""

    key: str
    menu: str  # empty for one that only a button has
    text: str
    keys: tuple[str, ...] = ()
    needs: Needs = Needs.NOTHING
    group: str = ""  # a set of which one is ticked
    ticked: bool = False  # on or off by itself; the method is told which
    line_before: bool = False


MENUS = ("File", "Edit", "View", "Tensor", "Compare", "Export", "Help")

ACTIONS = (
    Spec("open_file", "File", "Open…", ("Ctrl+O",)),
    Spec("open_folder", "File", "Open folder…", ("Ctrl+Shift+O",)),
    Spec("close_tab", "File", "Close tab", ("Ctrl+W",), Needs.PAGE, line_before=True),
    Spec("quit", "File", "Quit", ("Ctrl+Q",)),
    Spec("copy", "Edit", "Copy\tCtrl+C", (), Needs.DOCUMENT),
    Spec("copy_path", "Edit", "Copy path", ("Ctrl+Shift+C",), Needs.DOCUMENT),
    Spec("find_row", "Edit", "Find", ("Ctrl+F",), Needs.DOCUMENT, line_before=True),
    Spec("go_to_tensor", "Edit", "Go to tensor", ("Ctrl+P",), Needs.DOCUMENT),
    Spec("next_finding", "Edit", "Next finding", ("N",), Needs.FINDING),
    Spec("show_overview", "View", "Overview", ("Alt+Home",), Needs.DOCUMENT),
    Spec("fold_layers", "View", "Fold repeated layers", ("Ctrl+L",), Needs.DOCUMENT, ticked=True),
    Spec("back", "View", "Back", ("Alt+Left",), Needs.BACK, line_before=True),
    Spec("forward", "View", "Forward", ("Alt+Right",), Needs.FORWARD),
    Spec("next_tab", "View", "Next tab", ("Ctrl+Tab", "Ctrl+PgDown"), Needs.PAGE, line_before=True),
    Spec("previous_tab", "View", "Previous tab", ("Ctrl+Shift+Tab", "Ctrl+PgUp"), Needs.PAGE),
    Spec("theme_system", "View", "Theme of the system", group="theme", line_before=True),
    Spec("theme_light", "View", "Light theme", group="theme"),
    Spec("theme_dark", "View", "Dark theme", group="theme"),
    Spec("move_to_device", "Tensor", "Move to a device…", (), Needs.MOVE),
    Spec("move_to_cpu", "Tensor", "Move to CPU…", (), Needs.MOVE_BACK),
    Spec("free_memory", "Tensor", "Free", (), Needs.FREE),
    Spec("show_devices", "Tensor", "Devices…", ("Ctrl+D",), line_before=True),
    Spec("compare", "", "Compare", (), Needs.COMPARE),
    Spec("compare_siblings", "Compare", "With its siblings", (), Needs.SIBLINGS),
    Spec("compare_file", "Compare", "With another file…", (), Needs.COMPARE),
    Spec("compare_average", "Compare", "Model with EMA", (), Needs.AVERAGE),
    Spec("arrange_members", "Compare", "Members and order…", (), Needs.SERIES, line_before=True),
    Spec("check_loading", "Compare", "Will it load?…", (), Needs.LOADING),
    Spec("save_report", "Compare", "Save report…", ("Ctrl+S",), Needs.REPORT),
    Spec("previous_epoch", "Compare", "Step to previous", ("[",), Needs.PREVIOUS, line_before=True),
    Spec("next_epoch", "Compare", "Step to next", ("]",), Needs.NEXT),
    Spec("play", "Compare", "Play\tSpace", (), Needs.PLAY),
    Spec("export_state_dict", "Export", "Export state dict…", ("Ctrl+E",), Needs.EXPORT),
    Spec("export_plain", "Export", "State dict only", (), Needs.EXPORT, line_before=True),
    Spec("export_safetensors", "Export", "As safetensors", (), Needs.EXPORT),
    Spec("export_half", "Export", "Half size", (), Needs.EXPORT),
    Spec("export_for_cpu", "Export", "For CPU", (), Needs.EXPORT),
    Spec("export_series", "Export", "Export the whole run…", (), Needs.BATCH, line_before=True),
    Spec("resave_for_device", "Export", "Re-save for CPU…", (), Needs.RESAVE),
    Spec("show_shortcuts", "Help", "Keyboard shortcuts", ("F1",)),
    Spec("open_log_folder", "Help", "Open log folder"),
    Spec("show_about", "Help", "About ckptgui", line_before=True),
)

OTHER_KEYS = (
    ("Arrows", "Move in the tree; Left and Right fold and unfold"),
    ("Enter", "Open or close what is selected"),
    ("*", "Open everything below what is selected"),
    ("=", "Show each of the equal layers in a row, or fold them again"),
    ("Tab", "Go to the next part of the window"),
    ("F3, Shift+F3", "Go to the next or the previous NaN among the values"),
    ("Ctrl+Click, Ctrl+Space", "In the tree: pin a tensor's distribution, to compare it with others"),
    ("+, −, 0, Shift+Arrows, P", "In the histogram: closer, farther, all of it, move, pin"),
    ("Space", "Play the epochs of a run, or stop"),
    ("Arrows, Home, End", "On the epochs of a run: move B; with Shift: A"),
    ("Alt+Up, Alt+Down", "In the list of a run's members: move a line"),
    ("Ctrl+C", "Copy what is selected"),
)
"""Keys that no menu shows, for the list of shortcuts."""
