"""Names lose wrappers' prefixes and change by expressions; none is lost and none comes twice."""

import time

import pytest

from ckptgui.core.fit.renaming import Renaming
from ckptgui.errors import CollisionError, ExportError
from ckptgui.export import renaming
from ckptgui.export.module_names import new_module_names
from ckptgui.export.renaming import renamed


@pytest.mark.parametrize(
    ("strip", "saved", "new"),
    [
        (("auto",), ["module.a.w", "module.b"], ["a.w", "b"]),
        (("auto",), ["module._orig_mod.a.w", "module._orig_mod.b"], ["a.w", "b"]),
        (("auto",), ["_orig_mod.module.a.w", "_orig_mod.module.b"], ["a.w", "b"]),
        (("auto",), ["a._orig_mod.w", "b"], ["a.w", "b"]),  # a part that was compiled
        (("auto",), ["a._fsdp_wrapped_module._checkpoint_wrapped_module.w", "b"], ["a.w", "b"]),
        (("auto",), ["_forward_module.a.w", "_forward_module.b"], ["a.w", "b"]),
        (("auto",), ["module.a", "head.module.b"], ["module.a", "head.module.b"]),  # a module of that name
        (("auto",), ["model.a", "model.b"], ["model.a", "model.b"]),  # no wrapper
        (("auto",), ["module.a\nb", "module._orig_mod.\nc"], ["a\nb", "\nc"]),
        (("module.",), ["module.a", "b"], ["a", "b"]),
        (("module.", "_orig_mod."), ["_orig_mod.module.a", "_orig_mod.module.b"], ["a", "b"]),
        (("module._orig_mod.",), ["module._orig_mod.a"], ["a"]),
        (
            ("model.",),
            ["model.model.a", "model.lm_head"],
            ["model.a", "lm_head"],
        ),  # the wrapper's, not the model's
        (("model.", "model."), ["model.model.a"], ["a"]),
        (("auto", "model."), ["module.model.a", "module.model.b"], ["a", "b"]),
        (("model.", "auto"), ["model.module.a", "model.module.b"], ["a", "b"]),
    ],
)
def test_prefixes_go_however_they_are_nested(strip, saved, new):
    assert renamed(saved, strip, ()) == (new, ())


def test_expressions_see_the_names_in_the_source_before_prefixes_go():
    rename = ((r"^module\.", "net."), (r"(\w+)\.(?P<last>weight)$", r"\1.\g<last>s"))
    assert renamed(["module.fc.weight"], ("net.",), rename) == (["fc.weights"], ())
    assert renamed(["fc.weight"], (), (("^", "module."),)) == (["module.fc.weight"], ())


def test_what_changes_nothing_is_listed():
    assert renamed(["a.b"], ("c.", "a."), (("x", "y"),)) == (["b"], ("x", "c."))


def test_two_names_that_become_one_are_both_named():
    with pytest.raises(CollisionError, match=r"^a\.w and b\.w would both be called \.w\.$") as caught:
        renamed(["a.w", "c", "b.w"], (), (("^[ab]", ""),))
    assert (caught.value.first, caught.value.second, caught.value.result) == ("a.w", "b.w", ".w")
    with pytest.raises(CollisionError, match=r"^a and module\.a would both be called a\.$"):
        renamed(["a", "module.a"], ("module.",), ())
    assert renamed(["a", "b"], (), (("^a$", "c"), ("^b$", "a"))) == (["c", "a"], ())  # they change places


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        (("(", ""), r"^The expression \(= cannot be used: missing \)"),
        (("a", r"\1"), r"^The expression a=\\1 cannot be used: "),
        (("a", r"\g<none>"), "unknown group"),
        (("[", "x"), "cannot be used"),
        (("a{99999999999}", "x"), "cannot be used"),
        (("a{4000000000}", "x"), "repeats a part more than 10,000 times"),
        (("(?:(?:a{1000}){1000}){1000}", "x"), "repeats a part more than 10,000 times"),
        (("(?R)", "x"), "unknown extension"),  # endless, and the limit of time does not see it
        (("(?L)a", "x"), "cannot be used"),
        (("(" * 1_900 + ")" * 1_900, "x"), "cannot be used"),
        (("x" * 5_000, ""), "up to 4,000 characters"),
        (("^.*$", ""), "a would have no name left"),
        (("a", "b" * 4_000 + "\\g<0>" * 2), "up to 4,000"),
        (("", "bbbbbbbb" * 499), "a name of"),
    ],
)
def test_an_expression_that_cannot_be_used_is_one_clear_line(rename, said):
    with pytest.raises(ExportError, match=said) as caught:
        renamed(["a"], (), (rename,))
    assert "\n" not in str(caught.value)


def test_an_expression_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(renaming, "MAX_SECONDS", 0.05)
    began = time.monotonic()
    with pytest.raises(ExportError, match=r"takes too long on a+b"):
        renamed(["short", "a" * 60 + "b"], (), (("(a|aa)+$", ""),))
    assert time.monotonic() - began < 2


def test_a_name_without_end_stops_at_the_first():
    with pytest.raises(ExportError, match="a name of 40,000,000 characters"):
        renamed(["x" * 10_000] * 1_000, (), ((".", "z" * 4_000),))


def test_all_names_together_have_their_time(monkeypatch):
    monkeypatch.setattr(renaming, "MAX_SECONDS_ALL", -1.0)
    with pytest.raises(ExportError, match="takes too long"):
        renamed(["a", "b"], (), (("a", "c"),))


@pytest.mark.parametrize(
    ("fix", "saved"),
    [
        (Renaming(("module.",)), ["module.a", "module.module.b"]),
        (Renaming(("module.", "x.")), ["module.x.a", "x.b", "c"]),
        (Renaming((), ("^=module.",)), ["a", "b"]),
        (Renaming(("net.",), (r"\bfc\.=head.", "^=net.")), ["fc.a", "b"]),
    ],
)
def test_checks_fixes_do_here_what_check_says(fix, saved):
    rename = tuple(tuple(option.split("=", 1)) for option in fix.rename)
    assert renamed(saved, fix.strip, rename)[0] == [fix(name) for name in saved]


def test_modules_are_renamed_with_their_tensors():
    sources = ["module.fc.weight", "module.fc.bias", "module.bn.weight", "x"]
    names = ["fc.weight", "fc.bias", "norm.weight", "y"]
    modules = ["", "module", "module.fc", "module.bn", "module.act"]
    assert new_module_names(modules, sources, names) == {
        "": "", "module": "", "module.fc": "fc", "module.bn": "norm", "module.act": "act",
    }  # fmt: skip


def test_a_wrapper_of_which_nothing_is_left_has_no_name():
    modules = ["", "module", "module._orig_mod", "module._orig_mod.fc"]
    found = new_module_names(modules, ["module._orig_mod.fc.weight"], ["fc.weight"])
    assert found == {"": "", "module._orig_mod": "", "module._orig_mod.fc": "fc"}
