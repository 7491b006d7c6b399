"""Whatever JSON and whatever names a file has, what is said of it is an answer and never a failure."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName, Module, Role, SavedShape, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.module_line import module_line
from ckptgui.core.names_used import names_verdict, used_names
from ckptgui.core.optimizers.slots import slots
from ckptgui.core.training.lightning import lightning
from ckptgui.core.training.provenance import provenance
from ckptgui.core.training.readiness import readiness
from ckptgui.core.training.reminders import eval_reminder
from ckptgui.core.training.summary import training
from ckptgui.core.waste import waste

WORDS = [
    "state", "param_groups", "params", "param_names", "lr", "optimizer", "optimizer_states", "model", "state_dict",
    "scaler", "scale", "growth_factor", "backoff_factor", "rng", "scheduler", "epoch", "step", "loss", "best_acc",
    "callbacks", "monitor", "best_model_score", "loops", "fit_loop", "epoch_progress", "total", "ready",
    "pytorch-lightning_version", "trainer_state.json", "log_history", "__class__", "__args__", "key", "0", "1",
    "param_groups.w.lr", "param_groups..", "args", "torch_version", "checkpoint_version", "ds_version",
    "config.json",
]  # fmt: skip
KEYS = st.sampled_from(WORDS) | st.text(max_size=4)
ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KEYS | st.integers(10**400, 10**401)
)
JSON = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)
PATHS = st.lists(KEYS | st.just("9" * 5000), min_size=1, max_size=5).map(tuple)


@st.composite
def checkpoints(draw):
    builder = TableBuilder()
    sections = []
    for role in draw(st.lists(st.sampled_from(Role), max_size=4)):
        start, prefix = len(builder), draw(PATHS)
        for path in draw(st.lists(PATHS, min_size=1, max_size=6)):
            shape = draw(st.lists(st.integers(-1, 3), max_size=3))
            builder.add((*prefix, *path), shape, BY_NAME[draw(st.sampled_from(["float32", "int64", "F4"]))])
        sections.append(Section(prefix, role, start, len(builder), 0))
    metadata = draw(st.dictionaries(KEYS, JSON, max_size=8) | JSON)
    names = [GlobalName(draw(KEYS), use) for use in draw(st.lists(st.sampled_from(GlobalClass), max_size=3))]
    module = Module((), draw(KEYS), True, tuple(draw(st.dictionaries(KEYS, JSON, max_size=3)).items()))
    return Checkpoint(
        "p", draw(st.sampled_from(["torch-zip", "dcp", "safetensors"])), 0, (), builder.build(), tuple(sections),
        metadata=metadata, saved_shape=draw(st.sampled_from(SavedShape)), modules=(module,), globals=tuple(names),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(checkpoints())
def test_every_answer_is_one(checkpoint):
    found = slots(checkpoint)
    for row in range(len(checkpoint)):
        assert all(found.parameter_of(slot.row) is not None and slot.name for slot in found.of(row))
    assert all(match.sentence for match in found.optimizers)
    judged = readiness(checkpoint, found)
    assert judged.sentence.endswith(".")
    assert all(item.text for item in judged.items)
    assert names_verdict(checkpoint)
    used_names(checkpoint)
    provenance(checkpoint).sentence.encode()
    training(checkpoint)
    lightning(checkpoint)
    eval_reminder(checkpoint)
    assert waste(checkpoint).total >= 0
    assert "\n" not in module_line(checkpoint.modules[0])
