import numpy as np

from ckptgui.core.checkpoint import GlobalClass, GlobalName, Role
from ckptgui.core.composition import Part, combine
from tests.core.trees import CheckpointMaker


def shard(path, names, role=Role.MODEL, section=()):
    maker = CheckpointMaker(path)
    maker.section(section, role, names)
    return maker.make()


def test_shards_of_one_state_dict_are_one_section():
    whole = combine("/m", "sharded", [Part(shard("/m/1", ["a", "b"])), Part(shard("/m/2", ["c"]))])
    assert [info.path for info in whole.tensors] == [("a",), ("b",), ("c",)]
    assert [(s.path, s.start, s.stop) for s in whole.sections] == [((), 0, 3)]
    assert [info.file for info in whole.tensors] == ["1", "1", "2"]
    assert whole.nbytes == sum(source.size for source in whole.sources)


def test_files_of_a_folder_stand_below_their_names():
    model, optimizer = shard("/m/model.pt", ["w"]), shard("/m/optimizer.pt", ["m"], Role.OPTIMIZER, ("state", "0"))
    parts = [Part(model, ("model.pt",)), Part(optimizer, ("optimizer.pt",))]
    whole = combine("/m", "directory", parts)
    assert list(whole) == [("model.pt", "w"), ("optimizer.pt", "state", "0", "m")]
    assert [(s.path, s.role) for s in whole.sections] == [
        (("model.pt",), Role.MODEL),
        (("optimizer.pt", "state", "0"), Role.OPTIMIZER),
    ]
    assert whole.info(1).name == "m"


def test_a_file_that_is_one_tensor_hangs_at_its_own_name():
    maker = CheckpointMaker("/m/rng.pt")
    maker.tensor((), (4,))
    whole = combine("/m", "directory", [Part(shard("/m/a", ["w"])), Part(maker.make(), ("rng.pt",))])
    assert list(whole) == [("w",), ("rng.pt",)]


def test_equal_storage_keys_of_two_files_are_two_storages():
    parts = [Part(shard("/m/1", ["a"])), Part(shard("/m/2", ["b"]))]
    first, second = combine("/m", "sharded", parts).tensors
    assert first.storage_key != second.storage_key


def test_components_are_counted_from_the_common_start():
    maker = CheckpointMaker("/m/2")
    row = maker.tensor(("s",), (3,), extra={"components": [1]})
    maker.tensor(("s", "values"), (3,))
    whole = combine("/m", "sharded", [Part(shard("/m/1", ["a", "b"])), Part(maker.make())])
    assert whole.tensors.extras == {row + 2: {"components": [3]}}


def test_records_stay_with_their_files_and_storages():
    whole = combine("/m", "sharded", [Part(shard("/m/1", ["a"])), Part(shard("/m/2", ["b"]))])
    assert whole.records.source.tolist() == [0, 1]
    assert whole.records.storage.tolist() == whole.tensors.storage.tolist() == [0, 1]


def test_the_worst_use_of_a_name_counts_and_warnings_name_their_file():
    import dataclasses

    one = dataclasses.replace(shard("/m/1", ["a"]), globals=(GlobalName("x.Y", GlobalClass.KNOWN),))
    two = dataclasses.replace(
        shard("/m/2", ["b"]), globals=(GlobalName("x.Y", GlobalClass.CALLABLE),), warnings=("It is odd.",)
    )
    whole = combine("/m", "sharded", [Part(one), Part(two, label="2")], warnings=("First.",))
    assert whole.verdict == "calls"
    assert whole.warnings == ("First.", "2: It is odd.")


def test_nothing_at_all_is_an_empty_checkpoint():
    whole = combine("/m", "directory", [])
    assert len(whole) == 0
    assert len(whole.records) == 0
    assert whole.parameter_count == 0
    assert np.array_equal(whole.tensors.dim_start, [0])
