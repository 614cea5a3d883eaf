"""`forebay metrics`: printed once, or served until a signal, and beyond this machine only with a token."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest
import redis

from tests.cli.conftest import Forebay
from tests.governor.driver import Lane
from tests.metrics.parsed import lint, samples
from tests.servers.receivers import receiver
from tests.servers.valkey import free_port

SPEC = """
version: 1
connections:
  default: {mode: test, key: secret://env/STRIPE_API_KEY}
defaults: {output: results}
extracts:
  daily: {sql: SELECT 1, window: {every: 1d, start: 2026-10-01}, schedule: {when: at_end, late_after: 6h}}
"""


def test_they_are_printed_once(
    folder: Path, valkey: redis.Redis, valkey_url: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)
    (folder / "forebay.yaml").write_text(SPEC)
    Lane(valkey, "default:test").open(cap=1)

    said = forebay("metrics")

    assert (said.code, said.err) == (0, "")
    assert list(lint(said.out)) == []
    assert samples(said.out)['forebay_lane_slots_cap{lane="default:test"}'] == 1
    assert samples(said.out)['forebay_source_up{source="ledger"}'] == 1
    assert 'forebay_extract_windows{extract="daily",state="late"}' in samples(said.out)


@pytest.mark.system
def test_they_are_served_until_a_signal(tmp_path: Path, valkey_url: str) -> None:
    settings = {"FOREBAY_REDIS_URL": valkey_url, "FOREBAY_METRICS_TOKEN": "s3cret"}
    with receiver(tmp_path, "metrics", "--serve", "0", ready="metrics at", **settings) as served:
        url = served.out.read_text().split()[-1]
        assert httpx.get(url).status_code == 401
        answer = httpx.get(url, headers={"Authorization": "Bearer s3cret"})
        assert list(lint(answer.text)) == [] and "forebay_workers_alive 0\n" in answer.text
        assert served.end(signal.SIGTERM) == 0
        assert served.said == ""


@pytest.mark.parametrize(
    ("serve", "code", "said"),
    [
        (
            "0.0.0.0:9420",
            2,
            "config: metrics at 0.0.0.0 could be read by everybody who reaches it: set FOREBAY_METRICS",
        ),
        ("[::]:9420", 2, "config: metrics at :: could be read by everybody"),
        ("nowhere", 2, "'nowhere' is no HOST:PORT, such as 127.0.0.1:9420"),
        ("127.0.0.1:99999", 2, "'127.0.0.1:99999' is no HOST:PORT"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(forebay: Forebay, serve: str, code: int, said: str) -> None:
    answer = forebay("metrics", "--serve", serve)

    assert (answer.code, answer.out) == (code, "")
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_a_redis_that_is_away_is_one_sentence(forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")

    answer = forebay("metrics")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("redis: ")
