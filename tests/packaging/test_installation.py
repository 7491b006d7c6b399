"""What an installation holds, and whether the README's words are true."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ckptgui.workspace.resources import resource

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, unpacked."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    zipfile.ZipFile(built).extractall(out / "site")
    return out / "site"


def test_resources_are_found_beside_the_package_in_an_editable_install():
    assert resource("desktop/ckptgui.svg") == ROOT / "resources" / "desktop" / "ckptgui.svg"
    with pytest.raises(FileNotFoundError):
        resource("desktop/nothing")


def test_resources_are_found_inside_the_package_in_a_wheel(wheel):
    code = "from ckptgui.workspace.resources import resource; print(resource('desktop/ckptgui.svg'))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=wheel.parent,
        env={**os.environ, "PYTHONPATH": str(wheel)},
    )
    found = Path(done.stdout.strip())
    assert found == wheel / "ckptgui" / "resources" / "desktop" / "ckptgui.svg"
    assert found.read_bytes() == (ROOT / "resources" / "desktop" / "ckptgui.svg").read_bytes()


def test_a_wheel_holds_every_resource_and_no_tests(wheel):
    wanted = {path.relative_to(ROOT / "resources") for path in (ROOT / "resources").rglob("*") if path.is_file()}
    packed = wheel / "ckptgui" / "resources"
    assert {path.relative_to(packed) for path in packed.rglob("*") if path.is_file()} == wanted
    assert not (wheel / "tests").exists()
    assert (wheel / "ckptgui" / "py.typed").exists()


def test_the_command_is_declared(wheel):
    (entries,) = wheel.glob("*.dist-info/entry_points.txt")
    assert "ckptgui = ckptgui.__main__:main" in entries.read_text()


def test_ci_runs_what_the_readme_says():
    install, tests = re.findall(r"^(?:python3 -m venv|\.venv/bin/python -m pytest -n 2).*", README, re.MULTILINE)
    make, pip, demo = install.split(" && ")
    assert f"\n{make}\n" in CI
    assert pip.replace("install -c", "install -q --disable-pip-version-check -c") in CI
    assert demo in CI
    assert f"\n{tests}\n" in CI
    (packages,) = re.findall(r"^apt-get install.*--no-install-recommends (.*)$", README, re.MULTILINE)
    assert packages in CI


def test_every_dependency_is_pinned_within_its_range():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins[wanted.name.lower().replace("_", "-")]), text
    assert pins["torch"] == "2.13.0"


def test_the_changelog_knows_this_version():
    from ckptgui import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
