"""Checkpoints of several files as transformers and accelerate lay them out, written by torch and safetensors."""

import json

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def weights(seed=0, layers=2):
    generator = torch.Generator().manual_seed(seed)
    state = {"embed.weight": torch.randn(8, 4, generator=generator)}
    for layer in range(layers):
        state[f"layers.{layer}.weight"] = torch.randn(4, 4, generator=generator)
        state[f"layers.{layer}.bias"] = torch.randn(4, generator=generator).to(torch.bfloat16)
    return state


def write_shards(folder, state=None, *, per=2, suffix="safetensors", stem="model", index=True, metadata=None):
    """Shards of ``per`` tensors each and, as ``save_pretrained`` has it, an index; gives the shards' names."""
    state = weights() if state is None else state
    folder.mkdir(parents=True, exist_ok=True)
    names = list(state)
    groups = [names[at : at + per] for at in range(0, len(names), per)]
    files, weight_map = [], {}
    for number, group in enumerate(groups, 1):
        file = f"{stem}-{number:05d}-of-{len(groups):05d}.{suffix}"
        part = {name: state[name] for name in group}
        if suffix == "safetensors":
            save_file(part, folder / file, {"format": "pt"})
        else:
            torch.save(part, folder / file)
        files.append(file)
        weight_map |= dict.fromkeys(group, file)
    if index:
        size = sum(value.nbytes for value in state.values())
        value = {
            "metadata": {"total_size": size} | (metadata or {}),
            "weight_map": dict(sorted(weight_map.items())),
        }
        (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(value, indent=2) + "\n")
    return files


def change_index(folder, change, name="model.safetensors.index.json"):
    """Let ``change`` work on an index that is there."""
    path = folder / name
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def trained(seed=0, steps=1):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        optimizer.step()
        scheduler.step()
    return model, optimizer, scheduler


def write_trainer(folder, step=8, epoch=2.0, seed=0):
    """A Trainer's ``checkpoint-8``: model, optimizer, scheduler, generators, how far it was."""
    folder.mkdir(parents=True)
    model, optimizer, scheduler = trained(seed)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    torch.save(scheduler.state_dict(), folder / "scheduler.pt")
    torch.save({"python": (3, (1, 2), None), "cpu": torch.random.get_rng_state()}, folder / "rng_state.pth")
    write_json(folder / "config.json", {"model_type": "tiny", "hidden_size": 4, "transformers_version": "5.24.0"})
    write_json(folder / "tokenizer.json", {"model": {"vocab": {}}})
    write_json(
        folder / "trainer_state.json",
        {
            "best_metric": 0.25,
            "epoch": epoch,
            "global_step": step,
            "max_steps": 12,
            "log_history": [
                {"epoch": epoch, "learning_rate": 2e-05, "loss": 1.5, "step": step},
                {"epoch": epoch, "eval_loss": 0.25, "step": step},
            ],
        },
    )
    return model, optimizer, scheduler


def write_accelerate(folder, suffix="safetensors"):
    """What ``Accelerator.save_state`` leaves."""
    folder.mkdir(parents=True)
    model, optimizer, scheduler = trained(1)
    if suffix == "safetensors":
        save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    else:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    torch.save(optimizer.state_dict(), folder / "optimizer.bin")
    torch.save(scheduler.state_dict(), folder / "scheduler.bin")
    state = {"step": 0, "random_state": (3, (1, 2), None), "torch_manual_seed": torch.random.get_rng_state()}
    torch.save(state, folder / "random_states_0.pkl")
    torch.save({"n": 3, "t": torch.ones(2)}, folder / "custom_checkpoint_0.pkl")


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def in_order(path):
    """A safetensors file by its own library, in the order of its header."""
    loaded = load_file(path)
    with safe_open(path, "pt") as file:
        return {name: loaded[name] for name in file.offset_keys()}


def tensors_in(value, path=()):
    """Every tensor of a loaded object by its path, in saved order."""
    if isinstance(value, torch.Tensor):
        return {path: value}
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    )
    found = {}
    for key, inner in items:
        found |= tensors_in(inner, (*path, str(key)))
    return found
