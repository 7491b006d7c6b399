"""``ckptgui devices``: what there is, and a checkpoint moved there and back."""

import pytest
import torch

from ckptgui.cli import devices
from ckptgui.device.process import DeviceProcess
from ckptgui.engine.job import Cancel


@pytest.fixture(scope="module")
def process():
    """One for all tests here, for to load torch takes seconds; no GPU, and a simulated device."""
    found = DeviceProcess()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CKPTGUI_SIMULATED_DEVICE", "memory=1GB")
        environment.setenv("CUDA_VISIBLE_DEVICES", "")
        found.inventory(Cancel())
    yield found
    found.close()


@pytest.fixture(autouse=True)
def shared(monkeypatch, process):
    monkeypatch.setattr(process, "close", lambda: process.free(list(process.residents())))
    monkeypatch.setattr(devices, "DeviceProcess", lambda: process)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"w": torch.randn(64, 32), "v": torch.arange(9).to(torch.bfloat16)}, path)
    return path


def test_the_devices_are_told_to_eyes_and_to_scripts(ckptgui):
    answer = ckptgui("devices", "--json")
    assert answer.status == 0
    cpu, simulated = answer.json["devices"]
    assert (cpu["name"], cpu["kind"]) == ("cpu", "cpu")
    assert 0 < cpu["free"] <= cpu["total"]
    assert simulated == {
        "name": "sim:0",
        "kind": "simulated",
        "title": "Simulated accelerator",
        "total": 10**9,
        "free": 10**9,
    }
    assert answer.json["torch"] == torch.__version__
    assert answer.json["reason"].startswith(("This PyTorch", "CUDA_VISIBLE_DEVICES is empty"))


def test_a_checkpoint_is_moved_there_and_back(ckptgui, weights):
    answer = ckptgui("devices", "--try", weights, "--to", "sim:0", "--json")
    assert answer.status == 0
    told = answer.json
    assert (told["device"], told["bytes"], told["equal"]) == ("sim:0", 64 * 32 * 4 + 18, True)
    assert told["to_gb_s"] > 0 and told["back_gb_s"] > 0


def test_eyes_are_told_that_it_is_simulated(ckptgui, weights):
    assert "sim:0   Simulated accelerator  953.7 MiB  953.7 MiB\n" in ckptgui("devices").out
    assert "to sim:0 (simulated): " in ckptgui("devices", "--try", weights, "--to", "sim:0").out


def test_a_checkpoint_that_does_not_fit_is_refused(ckptgui, tmp_path):
    torch.save({"w": torch.empty(1, dtype=torch.uint8).expand(2_000_000_000)}, tmp_path / "large.pt")
    answer = ckptgui("devices", "--try", tmp_path / "large.pt", "--to", "sim:0")
    assert answer.status == 2
    assert "sim:0 has 953.7 MiB free; 1.86 GiB are needed." in answer.err


def test_without_that_device_the_reason_is_told(ckptgui, weights):
    answer = ckptgui("devices", "--try", weights, "--to", "cuda:0")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("ckptgui: cuda:0: There is no such device here. ")


@pytest.mark.parametrize("words", [["--try", "a.pt"], ["--to", "cpu"]])
def test_what_to_try_and_where_to_go_together(ckptgui, words):
    answer = ckptgui("devices", *words)
    assert answer.status == 2
    assert "--try PATH and --to DEVICE go together" in answer.err
