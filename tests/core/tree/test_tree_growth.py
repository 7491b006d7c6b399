"""What a tree costs that has very many sections, or very many modules."""

import time

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Module, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.tree.build import build_tree


def test_thousands_of_sections_with_modules_of_their_own_grow_in_a_moment():
    builder = TableBuilder()
    sections, modules = [], []
    for number in range(1500):
        start = len(builder)
        for layer in range(65):
            builder.add((f"s{number}", f"layer{layer}", "w"), (), BY_NAME["float32"])
        sections.append(Section((f"s{number}",), Role.OTHER, start, len(builder), 4))
        modules.append(Module((f"s{number}", "layer0"), "m.Layer"))
    checkpoint = Checkpoint("x.pt", "torch-zip", 0, (), builder.build(), tuple(sections), modules=tuple(modules))
    began = time.perf_counter()
    tree = build_tree(checkpoint)
    assert time.perf_counter() - began < 20  # minutes, were each section to look at every other's modules
    assert "m.Layer" in tree.classes.values()
