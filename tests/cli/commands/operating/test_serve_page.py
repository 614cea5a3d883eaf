"""`forebay web` as a process: the page of this folder on loopback; beyond it nobody is let in unasked."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Forebay
from tests.servers.receivers import receiver

pytestmark = [pytest.mark.system]


def test_it_serves_what_is_there_and_ends_in_order(valkey_url: str, tmp_path: Path) -> None:
    with receiver(tmp_path, "web", "--port", "0", ready="listening", FOREBAY_REDIS_URL=valkey_url) as web:
        assert httpx.get(f"{web.url}/api/v1/lanes").json() == {"lanes": [], "causes": []}
        assert httpx.get(f"{web.url}/api/v1/batches").json()["batches"] == []
        assert httpx.get(f"{web.url}/healthz").status_code == 200

        assert web.end(signal.SIGTERM) == 0
        assert "Traceback" not in web.said


def test_it_ends_at_once_however_many_look(valkey_url: str, tmp_path: Path) -> None:
    with receiver(tmp_path, "web", "--port", "0", ready="listening", FOREBAY_REDIS_URL=valkey_url) as web:
        with httpx.stream("GET", f"{web.url}/live/lanes", timeout=30) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            assert web.end(signal.SIGTERM) == 0
            list(lines)  # to its end, and not cut off

        assert "Traceback" not in web.said and "Cancel" not in web.said


def test_it_serves_the_embedded_deployment_of_a_folder(tmp_path: Path) -> None:
    with receiver(tmp_path, "web", "--port", "0", ready="listening") as web:
        assert httpx.get(f"{web.url}/api/v1/today", timeout=30).json()["attention"] == []

        assert web.end(signal.SIGINT) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "forebay.example.com"])
def test_an_address_of_others_is_refused_unless_somebody_is_asked_who_he_is(forebay: Forebay, host: str) -> None:
    said = forebay("web", "--host", host, "--port", "0")

    assert said.code == 2
    assert said.err.startswith(f"config: {host} can be reached by others, and nobody would ask who they are: set FORE")
    assert len(said.err.splitlines()) == 1


def test_every_address_needs_the_names_by_which_browsers_come(
    forebay: Forebay, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = f"{{sha256: {'a' * 64}, role: viewer, expires: 2999-01-01}}"
    (folder / "access.yaml").write_text(f"tokens: {{airflow: {token}}}")
    monkeypatch.setenv("FOREBAY_WEB_ACCESS", "access.yaml")

    said = forebay("web", "--host", "0.0.0.0", "--port", "0")

    assert said.code == 2
    assert "say which under `hosts` in FOREBAY_WEB_ACCESS" in said.err


def test_a_new_token_is_shown_once_with_what_is_kept_of_it(forebay: Forebay) -> None:
    said = forebay("web", "--new-token")

    token, kept = (line.split()[1] for line in said.out.splitlines())
    assert token.startswith("fbweb_")
    assert len(kept) == 64 and kept not in token


def test_a_password_and_a_token_are_made_one_at_a_time(forebay: Forebay) -> None:
    said = forebay("web", "--new-token", "--new-password")

    assert said.code == 2
    assert "one at a time" in said.err and not said.out
