"""What is in a wheel and an sdist: all of the source under one import name, and nothing else.

Development sees the folders through links, and hatch drops a link in silence: what a build has is shown by the build.
"""

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

import forebay_client
from forebay import __version__
from tests.distribution.conftest import build
from tests.source import CLIENT, FOLDERS, ROOT

NAME = f"forebay-{__version__}"
OF_THE_PACKAGE = {"__init__.py", "py.typed"}


def source() -> dict[str, bytes]:
    """The files of the folders that git has or would take, by their path under the import name."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *FOLDERS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    paths = {path: ROOT / path for path in listed.split("\0") if path}
    assert {path.partition("/")[0] for path in paths} == set(FOLDERS)
    paths |= {path: ROOT / "src/forebay" / path for path in OF_THE_PACKAGE}
    return {path: file.read_bytes() for path, file in paths.items() if file.exists()}


def client_source() -> dict[str, bytes]:
    files = (ROOT / CLIENT).rglob("*")
    return {
        path.relative_to(ROOT / "client").as_posix(): path.read_bytes()
        for path in files
        if path.suffix != ".pyc" and path.is_file()
    }


def the_client_in(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if path.startswith("forebay_client/")}


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / NAME


def in_wheel(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def assert_has_the_source_and_nothing_else(wheel: Path) -> None:
    files = in_wheel(wheel)
    ours = {path.removeprefix("forebay/"): content for path, content in files.items() if path.startswith("forebay/")}

    assert {path.partition("/")[0] for path in files} == {"forebay", "forebay_client", f"{NAME}.dist-info"}
    assert ours == source()
    assert the_client_in(files) == client_source()


def test_the_wheel_has_the_source_under_one_name_and_nothing_else(wheel: Path) -> None:
    assert_has_the_source_and_nothing_else(wheel)


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_tree(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    rebuilt = build("wheel", unpacked, tmp_path)

    assert_has_the_source_and_nothing_else(rebuilt)
    assert in_wheel(rebuilt) == in_wheel(wheel)


def test_the_sdist_has_what_builds_the_wheel_and_nothing_else(unpacked: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if not path.is_dir()}

    rest = {path if path not in OF_THE_PACKAGE else f"src/forebay/{path}" for path in source()}
    rest |= {f"client/{path}" for path in client_source()}
    assert files - rest == {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO", ".gitignore"}
    assert rest <= files


def test_the_licence_and_the_types_marker_are_shipped(wheel: Path) -> None:
    files = in_wheel(wheel)

    assert files[f"{NAME}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert "forebay/py.typed" in files
    assert b"\nLicense-Expression: Apache-2.0\n" in files[f"{NAME}.dist-info/METADATA"]


def test_the_client_is_a_distribution_of_its_own_too(tmp_path: Path) -> None:
    files = in_wheel(build("wheel", ROOT / "client", tmp_path))
    name = f"forebay_client-{forebay_client.__version__}.dist-info"

    assert {path.partition("/")[0] for path in files} == {"forebay_client", name}
    assert the_client_in(files) == client_source()
    assert files[f"{name}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert [line for line in files[f"{name}/METADATA"].decode().splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: httpx<1,>=0.28"
    ]


def test_both_are_released_together() -> None:
    assert forebay_client.__version__ == __version__


def test_the_release_is_in_the_changelog() -> None:
    assert (ROOT / "CHANGELOG.md").read_text().count(f"\n## {__version__}\n") == 1
