"""The port of its own: one path, a token where there is one, and no word of what was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr

from forebay.metrics.exposition import CONTENT_TYPE
from forebay.metrics.metrics_server import is_allowed, make_metrics_server


@contextmanager
def served(token: str | None = None) -> Iterator[str]:
    server = make_metrics_server(("127.0.0.1", 0), lambda: "up 1\n", SecretStr(token) if token else None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_metrics_are_at_one_path(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as url:
        answer = httpx.get(f"{url}/metrics")
        assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, CONTENT_TYPE, "up 1\n")
        assert "Python" not in answer.headers["server"]
        assert httpx.get(f"{url}/").status_code == 404
        assert httpx.post(f"{url}/metrics").status_code == 501
    assert capfd.readouterr() == ("", "")


def test_a_token_has_to_be_shown() -> None:
    with served("s3cret") as url:
        assert httpx.get(f"{url}/metrics").status_code == 401
        assert httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer s3cret"}).text == "up 1\n"


def test_a_probe_asks_without_the_token_and_learns_nothing_but_that() -> None:
    with served("s3cret") as url:
        answer = httpx.get(f"{url}/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer ", "Bearer s3cre", "bearer s3cret", "Basic s3cret", "Bearer tökén"]
)
def test_anything_but_the_token_is_none(shown: str | None) -> None:
    assert not is_allowed(shown, SecretStr("s3cret"))


def test_a_scraper_that_goes_away_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as url, httpx.stream("GET", f"{url}/metrics"):
        pass
    assert capfd.readouterr() == ("", "")
