"""A whole deployment with least rights: worker, beat, page and commands, as the users of docs/least-rights.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import redis

from tests.cli.conftest import Forebay, folder, forebay
from tests.rights.guarded_amazon import GuardedAmazon, guarded_amazon
from tests.rights.policies import policy, redis_user
from tests.servers.processes import sandbox
from tests.servers.receivers import receiver
from tests.servers.valkey import valkey_server

__all__ = ["folder", "forebay"]

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

PASSWORD = "of-forebay-alone"
DESTINATION = "s3://acme-finance/stripe"
#: What Forebay asks for and does without (docs/least-rights.md).
WITHHELD = {("config|get", "command", "toplevel"), ("client|list", "command", "toplevel")}
SPEC = """
version: 1
connections:
  acme: {{mode: test, key: secret://env/ACME_KEY, api_base: "{url}", webhook_secrets: ["secret://env/ACME_HOOK"]}}
defaults: {{output: "{to}"}}
extracts:
  fees:
    sql: >-
      SELECT count(*) AS charges FROM charges
      WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}
    window: {{every: 1d, start: 2026-11-20}}
    schedule: {{when: at_end, overlap: allow, catch_up: last 1}}
    checks: {{rows: {{min: 1}}}}
batches:
  refused: {{sql: "SELECT 1 AS one FROM no_such_table"}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Valkey on which everybody may do all, and Forebay's user what the page of the docs says."""
    users = tmp_path / "users.acl"
    users.write_text(f"user default on nopass ~* &* +@all\n{redis_user(PASSWORD)}\n")
    with valkey_server("--aclfile", str(users)) as url:
        yield url


@pytest.fixture
def amazon() -> Iterator[GuardedAmazon]:
    with guarded_amazon() as started:
        for bucket in ("acme-forebay", "acme-finance"):
            started.client("s3").create_bucket(Bucket=bucket)
        started.allow(policy("s3"))
        yield started


def as_forebay(server: str) -> str:
    return server.replace("redis://", f"redis://forebay:{PASSWORD}@")


@pytest.fixture
def env(server: str, amazon: GuardedAmazon, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with sandbox(folder / "sandbox.log", "--duration", "fixed:0.2") as url:
        (folder / "forebay.yaml").write_text(SPEC.format(url=url, to=DESTINATION))
        chosen = amazon.environment | {
            "FOREBAY_REDIS_URL": as_forebay(server),
            "FOREBAY_LEDGER": "s3://acme-forebay/ledger",
            "FOREBAY_S3_ENDPOINT": amazon.endpoint,
            "FOREBAY_METRICS_TOKEN": "of-prometheus",
            "ACME_KEY": "rk_test_acme",
            "ACME_HOOK": "whsec_acme",
        }
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        yield chosen


class Commands:
    """Commands as people type them, and all that they said."""

    def __init__(self, forebay: Forebay) -> None:
        self._forebay = forebay
        self.said = ""

    def do(self, *words: str, code: int = 0) -> str:
        """Says the first line of what it wrote."""
        answer = self._forebay(*words)
        self.said += f"forebay {' '.join(words)}: {answer.code}\n{answer.out}{answer.err}\n"
        assert answer.code == code, self.said
        return (answer.out.splitlines() or [""])[0]


def test_it_does_all_that_it_does(server: str, env: dict[str, str], folder: Path, forebay: Forebay) -> None:
    for number in range(3):
        (folder / f"q{number}.sql").write_text(f"SELECT id FROM charges ORDER BY id LIMIT {number + 1}")
    queries = [f"q{number}.sql" for number in range(3)]
    commands = Commands(forebay)
    do = commands.do
    with ExitStack() as stack:
        stack.enter_context(receiver(folder, "worker", ready="", **env))
        stack.enter_context(receiver(folder, "beat", ready="", **env))
        web = stack.enter_context(receiver(folder, "web", "--port", "0", ready="listening", **env))
        do("run", *queries)
        do("run", "fees", "--window", "2026-11-21")
        refused = do("submit", "refused")
        do("watch", refused, code=1)
        do("retry", refused, "--failed", code=0)
        do("watch", refused, code=1)
        do("pause", "acme", "--reason", "an inventory")
        waiting = do("submit", *queries)
        do("change", waiting, "--class", "backfill")
        do("cancel", waiting, "--yes")
        do("resume", "acme")
        do("lanes", "set", "acme:test", "--margin", "1")
        for word in ("ls", "lanes", "extracts", "costs", "metrics", "rebuild", "doctor"):
            do(word)
        do("show", refused)
        do("prune", "--older-than", "90d", "--yes")
        for path in ("today", "batches", "lanes", "extracts", "accounts", f"batches/{refused}/runs"):
            assert httpx.get(f"{web.url}/api/v1/{path}").status_code == 200, path
        bearer = {"Authorization": "Bearer of-prometheus"}
        scraped = httpx.get(f"{web.url}/metrics", headers=bearer).text

    with redis.Redis.from_url(server, decode_responses=True) as admin:
        refusals = {(each["object"], each["reason"], each["context"]) for each in admin.acl_log()}
    assert refusals <= WITHHELD, "the user of docs/least-rights.md may not do what Forebay does"
    logs = commands.said + "".join(path.read_text() for path in folder.glob("*.log"))
    assert "AccessDenied" not in logs
    assert "forebay_workers_alive 1" in scraped, scraped


def test_the_user_of_redis_may_do_nothing_else(server: str) -> None:
    with redis.Redis.from_url(as_forebay(server)) as ours:
        for words in (
            ["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["ACL", "LIST"], ["MONITOR"], ["SHUTDOWN"],
            ["SET", "theirs", "1"], ["GET", "theirs"], ["PUBLISH", "theirs", "1"], ["CLIENT", "LIST"],
            ["EVAL", "return redis.call('GET', 'theirs')", "0"], ["EVAL", "return redis.call('FLUSHALL')", "0"],
        ):  # fmt: skip
            with pytest.raises(redis.ResponseError, match=r"(?i)permission|can.t access"):
                ours.execute_command(*words)
