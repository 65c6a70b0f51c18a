"""What is installed is this checkout, whole: nothing forgotten, nothing stale.

From a source folder on PYTHONPATH there is nothing installed to look at; then only the
build files are held against the folder.
"""

import re
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import riata

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "riata"
PACKAGE = Path(riata.__file__).resolve().parent
INSTALLED = PACKAGE != SOURCE
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
# What a build reads and an installation does not need.
BUILD_ONLY = {".build", ".pyx", ".pxd", ".h", ".c", ".inc", ".txt"}


def source_files():
    """Files of src/riata that belong to an installation, by their place in it."""
    return {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*")
        if path.is_file()
        and path.suffix not in BUILD_ONLY | {".pyc", ".so", ".pyd"}
        and not path.name.startswith(".")
    }


def extension_names():
    return sorted(path.stem for path in (SOURCE / "_core").glob("*.pyx"))


def named_in(build_file):
    """All file names that a meson.build of the package installs."""
    pattern = r"'([\w/]+\.(?:py|npz|md|typed))'"
    return sorted(re.findall(pattern, build_file.read_text()))


def test_build_files_name_every_file():
    here = [name for name in source_files() if not name.startswith("_core/")]
    assert named_in(SOURCE / "meson.build") == sorted(here)


def test_build_files_name_every_module():
    text = (SOURCE / "_core" / "meson.build").read_text()
    modules = re.search(r"modules = \[(.*?)\]", text, re.DOTALL).group(1)
    assert sorted(re.findall(r"'(\w+)'", modules)) == extension_names()


def test_every_module_has_a_stub():
    stubs = {path.stem for path in (SOURCE / "_core").glob("*.pyi")}
    assert sorted(stubs) == extension_names()


def test_version_stands_once():
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
    if INSTALLED:
        assert riata.__version__ == metadata.version("riata") == version.group(1)


if INSTALLED:

    def installed_files():
        files = metadata.files("riata")
        names = [str(file) for file in files if str(file).startswith("riata/")]
        return {name.removeprefix("riata/") for name in names if ".pyc" not in name}

    def test_all_is_installed():
        modules = {f"_core/{name}{SUFFIX}" for name in extension_names()}
        modules.add(f"_core/_cyutility{SUFFIX}")
        assert installed_files() == source_files() | modules

    @pytest.mark.parametrize("name", sorted(source_files()))
    def test_installed_as_it_stands_here(name):
        assert (PACKAGE / name).read_bytes() == (SOURCE / name).read_bytes()

    def test_nothing_beside_the_package():
        tops = {
            file.parts[0]
            for file in metadata.files("riata")
            if not file.parts[0].endswith(".dist-info")
        }
        assert tops <= {"riata", ".."}  # (the script)
        beside = [file for file in metadata.files("riata") if file.parts[0] == ".."]
        assert [file.stem for file in beside] == ["riata"]

    def test_metadata():
        about = metadata.metadata("riata")
        assert about["License-Expression"] == "BSD-3-Clause"
        assert any("LICENSE" in str(file) for file in metadata.files("riata"))
        needed = {
            re.match(r"[\w-]+", line).group(0)
            for line in metadata.requires("riata")
            if "extra" not in line
        }
        assert needed == {"numpy", "scipy", "scikit-learn"}
