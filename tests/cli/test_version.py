"""`forebay --version`: what it is, and what it would read; whatever the state of that."""

from pathlib import Path

import pytest

from forebay import __version__
from tests.cli.conftest import Forebay

SECRET = "rk_test_51ThisMustNotBeShown"


def lines(forebay: Forebay) -> dict[str, str]:
    """Its lines by their first word. It answers and has no complaint, every time."""
    said = forebay("--version")
    assert (said.code, said.err) == (0, "")
    assert SECRET not in said.out
    return dict(line.split(maxsplit=1) for line in said.out.splitlines())


def test_in_an_empty_folder_it_says_the_release_the_python_and_that_nothing_is_set(forebay: Forebay) -> None:
    said = lines(forebay)

    assert said["forebay"].startswith(f"{__version__}, ")
    assert said["python"].startswith("3.")
    assert said["settings"] == "none in the environment; no .env here"
    assert said["spec"] == "none: forebay.yaml does not exist"


def test_it_says_by_name_what_is_set_and_where(folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text(f"STRIPE_API_KEY={SECRET}\nforebay_cap=7\nOTHERS_KEY={SECRET}\nFOREBAY_OUTPUT=\n")
    (folder / "forebay.yaml").write_text("anything")
    monkeypatch.setenv("FOREBAY_REDIS_URL", f"redis://:{SECRET}@127.0.0.1")
    monkeypatch.setenv("FOREBAY_OF_NOTHING", "x")

    said = lines(forebay)

    assert said["settings"] == "FOREBAY_REDIS_URL in the environment; FOREBAY_CAP, STRIPE_API_KEY in .env"
    assert said["spec"] == str(folder / "forebay.yaml")


@pytest.mark.parametrize("in_environment", [True, False])
def test_the_spec_is_looked_for_where_it_is_named_to_be(
    folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch, in_environment: bool
) -> None:
    (folder / "there.yaml").write_text("anything")
    (folder / ".env").write_text("FOREBAY_SPEC=there.yaml\n")
    if in_environment:
        monkeypatch.setenv("FOREBAY_SPEC", "nowhere.yaml")

    spec = lines(forebay)["spec"]

    named_nowhere = "none: nowhere.yaml does not exist, which FOREBAY_SPEC names"
    assert spec == (named_nowhere if in_environment else str(folder / "there.yaml"))


def test_settings_that_no_command_would_take_do_not_stop_it(
    folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_CAP", "many")
    (folder / ".env").write_bytes(b"FOREBAY_CAP=\xff\xfe")

    assert lines(forebay)["settings"] == "FOREBAY_CAP in the environment; .env cannot be read: it is not UTF-8 text"
