"""Builds, once a session, what is handed to a user: the wheel, the sdist, and an environment that has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.processes import environment
from tests.source import FOLDERS, ROOT


def build(kind: str, tree: Path, folder: Path) -> Path:
    """Builds a wheel or an sdist of a tree with the pinned backend, which is installed here."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=60)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes an environment of requirements.lock and the wheel alone, as production has it; returns its commands."""
    place = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(place / "bin/python")]
    # What is never imported need not be compiled.
    install = [*pip, "install", "--no-compile"]
    for arguments in (["--require-hashes", "-r", str(ROOT / "requirements.lock")], ["--no-deps", str(wheel)]):
        subprocess.run([*install, *arguments], check=True, timeout=240)
    return place / "bin"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A user's folder: names of ours that are theirs, which no process of ours may come to import."""
    folder = tmp_path / "users"
    for package in set(FOLDERS) - {"store"}:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(
            f"raise AssertionError('the user\\'s own {package} was imported')\n"
        )
    (folder / "store.py").write_text("raise AssertionError('the user\\'s own store was imported')\n")
    (folder / "queries").mkdir()
    for name in ("charges", "disputes", "refunds"):
        (folder / "queries" / f"{name}.sql").write_text(f"SELECT count(*) AS n FROM {name}\n")
    return folder


def outside() -> dict[str, str]:
    """An environment that leads neither to the source nor to the tests' own packages."""
    return {name: value for name, value in environment().items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
