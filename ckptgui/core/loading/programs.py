"""How TorchScript, torch.export and torch.package archives are loaded: each by its own loader in torch."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from ckptgui.core.checkpoint import Checkpoint, Json, Role, Section
from ckptgui.core.display import display
from ckptgui.core.loading.saved_devices import listed, saved_devices
from ckptgui.core.loading.snippets import Snippet, literal, state_dict_lines

_MOST = 16
"""Programs or pickles that get lines of their own."""

_BROUGHT = ("torch", "numpy", "builtins", "collections", "copyreg", "_codecs", "__builtin__", "copy_reg")
_TRUST = "do so only if you trust where it comes from."


def script_snippet(checkpoint: Checkpoint) -> str | None:
    """``torch.jit.load``; None for the archives of torch 1.0 to 1.2, which torch no longer loads."""
    if checkpoint.attributes.get("layout") == "model.json":
        return None
    snippet = Snippet()
    snippet.imports("import torch")
    snippet.comment("It is a TorchScript archive: torch.load refuses it with weights_only=True, its default.")
    snippet.comment(f"torch.jit.load compiles the code in the file and may run parts of it: {_TRUST}")
    _on_devices(snippet, checkpoint)
    snippet.line(f'model = torch.jit.load({literal(checkpoint.path)}, map_location="cpu")')
    snippet.modes(["model"])
    if any(section.role is Role.MODEL for section in checkpoint.sections):
        snippet.line()
        snippet.comment("Its weights, for a model of your own whose names are the same:")
        snippet.line("state_dict = model.state_dict()")
    return snippet.text()


def export_snippet(checkpoint: Checkpoint) -> str | None:
    """``torch.export.load``, the loader of several programs, or that of compiled ones."""
    snippet = Snippet()
    snippet.imports("import torch")
    attributes = checkpoint.attributes
    path = literal(checkpoint.path)
    models = attributes.get("models", ())[:_MOST]
    if attributes.get("compiled"):
        snippet.comment(f"It holds compiled code, which runs on this computer as it is loaded: {_TRUST}")
    if not models:
        return _compiled_snippet(snippet, checkpoint, path)
    snippet.comment(f"Parts of it are unpickled in full where they must be, which can run code: {_TRUST}")
    if attributes.get("layout") == "old":
        schema = _program(checkpoint).get("schema_version")
        said = f" ({display(str(schema), 20)} here)" if schema else ""
        snippet.comment(
            f"Saved by a torch before 2.8; others load it while the major number of its schema{said} is theirs."
        )
    if tuple(models) == ("model",):
        snippet.line(f"program = torch.export.load({path})")
    else:
        snippet.imports("from torch.export.pt2_archive._package import load_pt2")
        snippet.line(f"programs = load_pt2({path}).exported_programs")
        snippet.line(f"program = programs[{literal(models[0])}]" + _others(models))
    snippet.line("model = program.module()")
    snippet.line("state_dict = program.state_dict  # its weights, for a model whose names are the same")
    return snippet.text()


def _program(checkpoint: Checkpoint) -> Mapping[str, Json]:
    """What the metadata says of the program."""
    found = checkpoint.metadata.get("program") if isinstance(checkpoint.metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _compiled_snippet(snippet: Snippet, checkpoint: Checkpoint, path: str) -> str | None:
    """A package of compiled models alone."""
    if not checkpoint.attributes.get("compiled"):
        return None
    snippet.line(f"model = torch._inductor.aoti_load_package({path})")
    return snippet.text()


def _others(models: tuple[str, ...]) -> str:
    return f"  # also {', '.join(display(model, 40) for model in models[1:])}" if len(models) > 1 else ""


def package_snippet(checkpoint: Checkpoint) -> str | None:
    """``PackageImporter.load_pickle`` for each pickle; None for the layout that only torch 1.8 had."""
    snippet = Snippet()
    pickles: tuple[str, ...] = checkpoint.attributes.get("pickles", ())[:_MOST]
    if not pickles or checkpoint.attributes.get("layout") == "trial":
        return None
    snippet.imports("from torch.package import PackageImporter")
    foreign = _relied_on(checkpoint.attributes.get("extern_modules", ()))
    if foreign:
        snippet.supply(f"the modules {', '.join(foreign)}", "installed, as they were when the package was made")
    snippet.comment(
        "load_pickle imports, and so runs, the sources in the package; the file's pickles can run more:"
    )
    snippet.comment(_TRUST)
    _on_devices(snippet, checkpoint)
    snippet.line(f"importer = PackageImporter({literal(checkpoint.path)})")
    whole = {module.path for module in checkpoint.modules}
    models: list[str] = []
    names: list[str] = []
    for pickle in pickles:
        base = (pickle,) if len(checkpoint.attributes["pickles"]) > 1 else ()
        section = _section_at(checkpoint, base)
        is_model = base in whole
        is_weights = not is_model and section is not None and section.role is Role.MODEL
        alone = "model" if is_model else "state_dict" if is_weights else "value"
        names.append(_unused(alone if len(pickles) == 1 else _stem(pickle, alone), names))
        package, _, resource = pickle.rpartition("/")
        call = f"load_pickle({literal(package.replace('/', '.'))}, {literal(resource)}"
        snippet.line(f'{names[-1]} = importer.{call}, map_location="cpu")')
        if is_model:
            models.append(names[-1])
        elif is_weights and len(pickles) == 1:
            model = snippet.supply("model", "an instance of the class whose weights these are")
            state_dict_lines(snippet, checkpoint, section, model, names[-1])
            models.append(model)
    if models:
        snippet.modes(models)
    return snippet.text()


def _section_at(checkpoint: Checkpoint, path: tuple[str, ...]) -> Section | None:
    return next((section for section in checkpoint.sections if section.path == path), None)


def _relied_on(extern: tuple[str, ...]) -> list[str]:
    """Modules that are neither in the package nor come with torch, by their first names."""
    first = dict.fromkeys(name.partition(".")[0] for name in extern)
    return [display(name, 40) for name in first if name not in _BROUGHT][:_MOST]


def _stem(pickle: str, alone: str) -> str:
    """A variable's name made of a resource's."""
    last = pickle.rpartition("/")[2].partition(".")[0]
    stem = re.sub(r"\W+", "_", last, flags=re.ASCII).strip("_").lower()
    return stem if stem.isidentifier() and not keyword.iskeyword(stem) and stem != "importer" else alone


def _unused(name: str, taken: list[str]) -> str:
    count, unique = 2, name
    while unique in taken:
        unique, count = f"{name}_{count}", count + 1
    return unique


def _on_devices(snippet: Snippet, checkpoint: Checkpoint) -> None:
    devices = saved_devices(checkpoint)
    if devices:
        snippet.comment(f"It was saved on {listed(devices)}; map_location makes it load anywhere.")
