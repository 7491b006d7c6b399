"""Health findings, planted one by one into models that were really trained, and none in healthy ones."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from ckptgui.analysis.profile import Profile, record_of
from ckptgui.core.optimizers.slots import slots
from ckptgui.engine.health import examine
from ckptgui.engine.job import Cancel, Cancelled
from ckptgui.engine.summarise import summarise
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 2, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Decoder(nn.Module):
    def __init__(self, width=32, layers=6, vocabulary=50):
        super().__init__()
        self.emb = nn.Embedding(vocabulary, width, padding_idx=0)
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x):
        x = self.emb(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def trained(model, batch, loss, steps=8):
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model, batch()).backward()
        optimizer.step()
    return {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "epoch": 1}


def decoder():
    torch.manual_seed(0)
    return trained(
        Decoder(),
        lambda: torch.randint(1, 50, (8, 12)),
        lambda model, x: nn.functional.cross_entropy(model(x).transpose(1, 2), x),
    )


@pytest.fixture(scope="module")
def checkpoint():
    return decoder()


@pytest.fixture
def planted(checkpoint, tmp_path):
    """Plants something into a copy of the trained model, and says what is found in it."""

    def plant(change):
        saved = copy.deepcopy(checkpoint)
        change(saved["model_state_dict"], saved["optimizer_state_dict"]["state"])
        return found_in(saved, tmp_path / "planted.pt")

    return plant


def found_in(saved, path):
    torch.save(saved, path)
    opened = open_checkpoint(str(path))
    pool = SourcePool()
    try:
        profile = Profile(len(opened), opened.tensors.shape)
        for row in range(len(opened)):
            info = opened.info(row)
            profile.records[row] = record_of(summarise(info, pool, Cancel()), info.shape)
        return examine(opened, profile, slots(opened), pool, Cancel())
    finally:
        pool.close()


def one(findings, kind):
    """The only finding of a kind, which must stand first of all that speak of its tensor."""
    some = [finding for finding in findings if finding.kind == kind]
    assert len(some) == 1, findings
    return some[0]


QKV = "blocks.3.attn.in_proj_weight"
FC = "blocks.3.mlp.0.weight"


def test_nan_is_counted_and_its_first_place_is_named(planted):
    def change(model, _):
        model[QKV].view(-1)[[100, 2000, 3000]] = float("nan")

    finding = one(planted(change), "nan")
    assert finding.path == ("model_state_dict", QKV)
    assert finding.place == (100 // 32, 100 % 32)
    assert finding.text == "3 of 3,072 values are NaN, the first at [3, 4]."


def test_infinities_of_both_moments_are_told_together(planted):
    def change(_, state):
        for slot in ("exp_avg", "exp_avg_sq"):
            state[5][slot].view(-1)[7] = float("inf")

    finding = one(planted(change), "inf")
    assert len(finding.rows) == 2
    assert "exp_avg and exp_avg_sq" in finding.text


def test_a_whole_tensor_of_nan_comes_before_a_single_infinity(planted):
    def change(model, _):
        model["head.bias"].fill_(float("nan"))
        model[FC][0, 0] = float("inf")

    first, second = planted(change)[:2]
    assert (first.kind, second.kind) == ("nan", "inf")
    assert first.text == "All 50 values are NaN."


def test_dead_rows_and_columns_are_counted(planted):
    def change(model, _):
        model[FC][10:27] = 0.0
        model[FC][:, 3] = 1e-9

    finding = one(planted(change), "dead")
    assert finding.path == ("model_state_dict", FC)
    assert finding.text == "17 of 64 rows and 1 of 32 columns have a norm below 1e−06."


def test_many_tiny_values_that_kill_no_channel_are_no_finding(planted):
    def change(model, _):
        model[FC][torch.rand(model[FC].shape, generator=torch.Generator().manual_seed(0)) < 0.5] = 0.0

    assert not [finding for finding in planted(change) if finding.kind == "dead"]


def test_a_dead_convolution_kernel_is_a_dead_row(tmp_path):
    torch.manual_seed(0)
    weight = nn.Conv2d(16, 32, 3).weight.detach().clone()
    weight[5] = 0.0
    assert one(found_in({"conv.weight": weight}, tmp_path / "c.pt"), "dead").text == (
        "1 of 32 rows has a norm below 1e−06."
    )


def test_a_matrix_of_zeros_and_a_constant_one(planted):
    def change(model, _):
        model[FC].zero_()
        model["blocks.1.mlp.2.weight"].fill_(0.25)

    found = planted(change)
    assert one(found, "zero").text == "All 2,048 values are zero, unlike in its 5 siblings in other layers."
    assert one(found, "constant").text == "All 2,048 values are 0.25, unlike in its 5 siblings in other layers."


def test_matrices_of_zeros_that_all_layers_begin_with_are_told_in_one_sentence(planted):
    def change(model, _):
        for layer in range(6):
            model[f"blocks.{layer}.mlp.2.weight"].zero_()

    finding = one(planted(change), "zero")
    assert len(finding.rows) == 6
    assert finding.text.startswith(
        "All 2,048 values are zero, as in its 5 siblings: they begin so, before training."
    )


def test_a_layer_that_was_not_loaded_is_told_by_its_vectors(planted):
    def change(model, _):
        for name in ("ln_1", "ln_2"):
            model[f"blocks.4.{name}.weight"].fill_(1.0)
            model[f"blocks.4.{name}.bias"].zero_()

    finding = one(planted(change), "untrained")
    assert finding.path == ("model_state_dict", "blocks.4.ln_1.weight")
    assert finding.text.startswith("4 vectors of blocks.4 are still 0 or 1 all over, unlike in the other layers")


def test_a_model_that_is_lost_takes_one_line(planted):
    def change(model, _):
        for tensor in model.values():
            tensor.fill_(float("nan"))

    found = planted(change)
    assert [finding.kind for finding in found[:2]] == ["nan", "underflow"]
    assert found[0].text == "All 1,600 values are NaN, and so are all of 74 more tensors of model_state_dict."


def test_an_exploded_row_of_an_embedding_is_a_spike_with_its_place(planted):
    norms = np.zeros(0)

    def change(model, _):
        nonlocal norms
        model["emb.weight"][17].mul_(200)
        norms = np.linalg.norm(model["emb.weight"].double().numpy(), axis=1)

    found = planted(change)
    assert one(found, "spike") is found[0] and found[0].path == ("model_state_dict", "emb.weight")
    times = norms[17] / np.median(norms)
    assert found[0].text == f"Row 17 has a norm of {norms[17]:,.3g}, {times:,.0f} times the median row's."


def test_one_wild_value_is_a_spike_and_no_odd_layer(planted):
    def change(model, _):
        model[FC][9, 5] = -1e4

    found = planted(change)
    assert one(found, "spike").text.startswith("One value, -1e+04 at [9, 5], gives its row ")
    assert not [finding for finding in found if finding.kind == "ratio"]


def test_large_columns_of_an_embedding_are_no_spike(planted):
    def change(model, _):
        model["emb.weight"][:, 3].mul_(200)

    assert not [finding for finding in planted(change) if finding.kind == "spike"]


def test_a_layer_unlike_its_siblings_is_named_with_both_sizes(planted):
    def change(model, _):
        model[FC].mul_(40)

    finding = one(planted(change), "ratio")
    assert finding.path == ("model_state_dict", FC)
    assert "times as large as those of its siblings in 5 other layers" in finding.text


def test_values_beyond_float16_are_counted_exactly(planted):
    def change(model, _):
        model[FC].view(-1)[:3] = torch.tensor([65_519.0, 65_520.0, -1e5])

    finding = one(planted(change), "overflow")
    assert finding.count == 2
    assert "up to -1e+05" in finding.text


def test_a_weight_that_float16_would_lose_to_zero(planted):
    def change(model, _):
        model[FC].mul_(1e-7)

    found = [finding for finding in planted(change) if finding.kind == "underflow" and finding.path[-1] == FC]
    assert len(found) == 1
    assert found[0].text.endswith("% of the values would become zero in float16.")


def test_a_second_moment_that_is_zero_and_one_that_explodes(planted):
    def change(_, state):
        state[4]["exp_avg_sq"].zero_()
        state[6]["exp_avg_sq"].view(-1)[3] = 4e6

    found = planted(change)
    assert "is zero everywhere: no gradient has reached it" in one(found, "untrained").text
    assert "reaches 4e+06: gradients of about 2,000" in one(found, "moment").text


def test_parameters_that_no_gradient_reached_are_told_together(planted):
    def change(_, state):
        for number in (4, 9, 14):
            state[number]["exp_avg_sq"].zero_()

    finding = one(planted(change), "untrained")
    assert len(finding.rows) == 3
    assert finding.text.startswith("exp_avg_sq of 3 of 75 parameters is zero everywhere")


def test_equal_weights_that_are_not_tied_and_none_that_are(planted):
    def change(model, _):
        model["blocks.2.mlp.0.weight"] = model[FC].clone()
        model["again.weight"] = model[QKV]

    finding = one(planted(change), "equal")
    assert finding.path == ("model_state_dict", "blocks.2.mlp.0.weight")
    assert finding.text.startswith(f"It equals {FC} in every bit and is not tied to it: 8,192 bytes")


def test_a_layer_that_was_copied_whole_is_told_in_one_sentence(planted):
    def change(model, _):
        for name in [name for name in model if name.startswith("blocks.3.")]:
            model[name.replace("blocks.3", "blocks.1")] = model[name].clone()

    finding = one(planted(change), "equal")
    assert len(finding.rows) == 8
    assert finding.text.startswith("4 matrices of blocks.1 equal those of blocks.3 in every bit, not tied: ")


def test_copies_on_purpose_are_no_finding(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(32, 32), nn.BatchNorm1d(32), nn.Linear(32, 32))
    saved = {
        f"{side}.{name}": t
        for side in ("q_net", "q_net_target")
        for name, t in copy.deepcopy(net).state_dict().items()
    }
    table = torch.arange(1.0, 17.0).log().repeat(64, 1)
    saved |= {f"layers.{i}.mixer.A_log": table.clone() for i in range(4)}
    assert not found_in(saved, tmp_path / "copies.pt")


def test_tables_that_a_formula_gave_are_no_finding(tmp_path):
    waves = torch.outer(torch.arange(64.0), 0.5 ** torch.arange(32)).sin()
    filters = torch.zeros(65, 20)
    filters[5:60] = torch.rand(55, 20, generator=torch.Generator().manual_seed(0))
    saved = {"encoder.pos.pe": waves, "decoder.pos.pe": waves.clone(), "mel_scale.fb": filters}
    saved |= {f"h.{i}.attn.bias": torch.ones(1, 1, 32, 32).tril() for i in range(2)}
    saved |= {"pixel_std": torch.full((3, 1, 1), 0.5)}
    assert not found_in(saved, tmp_path / "tables.pt")


def test_biases_that_equal_gradients_keep_equal_are_no_finding(tmp_path):
    bias = torch.linspace(-1, 1, 512)
    assert not found_in({"bn2.bias": bias, "downsample.1.bias": bias.clone()}, tmp_path / "b.pt")


def test_masks_are_infinite_and_beyond_float16_by_design(tmp_path):
    mask = nn.Transformer.generate_square_subsequent_mask(16)
    lowest = torch.full((16, 16), torch.finfo(torch.float32).min).triu(1)
    saved = {"attn_mask": mask, "causal": mask.clone(), "block.mask": lowest, "masked_bias": torch.tensor(-1e9)}
    assert not found_in(saved, tmp_path / "masks.pt")


def test_an_infinite_weight_among_zeros_is_found_all_the_same(tmp_path):
    bias = torch.zeros(64)
    bias[3] = -float("inf")
    assert one(found_in({"fc.bias": bias}, tmp_path / "b.pt"), "inf").text == "1 of 64 values is infinite, at [3]."


def test_a_best_loss_that_begins_at_infinity_is_no_finding(checkpoint, tmp_path):
    saved = copy.deepcopy(checkpoint) | {"best_loss": torch.tensor(float("inf"))}
    assert not [finding for finding in found_in(saved, tmp_path / "s.pt") if finding.kind == "inf"]


def test_a_vocabulary_filled_up_with_rows_of_zeros_is_not_dead(planted):
    def change(model, _):
        model["emb.weight"][45:] = 0.0

    assert not [finding for finding in planted(change) if finding.kind == "dead"]


def test_the_search_stops_soon_after_it_is_cancelled(checkpoint, tmp_path):
    torch.save(checkpoint, tmp_path / "c.pt")
    opened, cancel, pool = open_checkpoint(str(tmp_path / "c.pt")), Cancel(), SourcePool()
    cancel.cancel()
    with pytest.raises(Cancelled):
        examine(opened, Profile(len(opened), opened.tensors.shape), None, pool, cancel)
    pool.close()


def small_images():
    torch.manual_seed(1)
    return torch.randn(8, 3, 16, 16)


def convolutions():
    torch.manual_seed(1)
    layers = []
    for inner, outer in ((3, 16), (16, 16), (16, 32), (32, 32), (32, 32)):
        layers += [nn.Conv2d(inner, outer, 3, padding=1), nn.BatchNorm2d(outer), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
    return trained(model, small_images, lambda m, x: nn.functional.cross_entropy(m(x), torch.arange(8)))


def recurrent():
    torch.manual_seed(2)
    model = nn.LSTM(12, 24, num_layers=4, batch_first=True)
    return trained(model, lambda: torch.randn(4, 9, 12), lambda m, x: m(x)[0].square().mean())


def encoder():
    torch.manual_seed(3)
    model = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 4, enable_nested_tensor=False
    )
    return trained(model, lambda: torch.randn(4, 9, 32), lambda m, x: (m(x) - 1).square().mean())


def autoencoder():
    torch.manual_seed(4)
    down = [nn.Conv2d(3, 8, 4, 2, 1), nn.GroupNorm(2, 8), nn.SiLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.SiLU()]
    up = [nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1)]
    return trained(nn.Sequential(*down, *up), small_images, lambda m, x: (m(x) - x).square().mean())


@pytest.mark.parametrize("make", [decoder, convolutions, recurrent, encoder, autoencoder])
def test_a_healthy_model_has_no_nan_dead_or_odd_layer(make, tmp_path):
    kinds = {finding.kind for finding in found_in(make(), tmp_path / "healthy.pt")}
    assert kinds <= {"underflow"}


def test_a_single_dead_row_of_an_embedding_is_its_padding(checkpoint, tmp_path):
    assert not np.any(checkpoint["model_state_dict"]["emb.weight"][0].numpy())
    assert not [f for f in found_in(checkpoint, tmp_path / "e.pt") if f.kind == "dead"]
