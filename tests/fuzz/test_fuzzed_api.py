"""The API, held against its own document by a fuzzer that was not written here: Schemathesis, as its users run it.

It has an environment of its own (`make fuzz` sets it up, and asks for more); without it this skips, and says so.
"""

import os
import subprocess
from pathlib import Path

import httpx
import pytest
import redis

from forebay.governor.governor import Governor
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand
from tests.source import ROOT

LANE = "acme:test"
FUZZER = ROOT / ".venv-fuzz/bin/schemathesis"
WANTED = os.environ.get("FOREBAY_TEST_FUZZ", "")

pytestmark = [
    pytest.mark.skipif(
        not WANTED and not FUZZER.exists(), reason="Schemathesis is not here: `make fuzz` sets it up and runs this"
    ),
    pytest.mark.timeout(3600),
]

#: Requests that are made of each operation, in each of the ways in which they are made up.
EXAMPLES = 400 if WANTED == "long" else 10
#: What a run of it is bounded by; the short one is to be a part of `make test`.
SECONDS = 1500 if WANTED == "long" else 18

_SETTINGS = """
[checks]
# What a document cannot say makes a request wrong, too: SQL that is none, a name that is nobody's.
positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409"]
# Who asks is known by his machine here; tests/web/access/ and test_api_writes.py hold the door.
ignored_auth.enabled = false
"""


@pytest.fixture
def ended(spec: Path, deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    """A batch that has ended, of a deployment with an extract."""
    batch, hand = forebay("submit", *queries).out.strip(), Hand(deployed)
    hand.governor = Governor(deployed, LANE)
    for _ in range(3):
        hand.land(hand.begin_one())
    return batch


@pytest.mark.parametrize("names", ["ours", "any"])
def test_every_answer_is_as_the_document_says(ended: str, page: httpx.Client, tmp_path: Path, names: str) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(_SETTINGS + (_ours(ended) if names == "ours" else ""))

    made = subprocess.run(
        [
            FUZZER,
            f"--config-file={settings}",
            "run",
            str(page.base_url.join("/api/v1/openapi.json")),
            f"--max-examples={EXAMPLES}",
            f"--max-time={SECONDS}",
            "--seed=17",
            "--phases=examples,coverage,fuzzing",
            "--continue-on-failure",
            "--generation-database=none",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONUTF8": "1"},
        check=False,
    )

    assert made.returncode == 0, made.stdout[-30_000:] + made.stderr[-5_000:]


def _ours(batch: str) -> str:
    """Has the fuzzer ask for what is there."""
    named = {"batch": batch, "lane": LANE, "extract": "daily", "account": "acct_1", "window": "2026-10-01", "index": 0}
    lines = (f'"path.{name}" = {value!r}' for name, value in named.items())
    return "[parameters]\n" + "\n".join(lines) + "\n"
