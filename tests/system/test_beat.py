"""Two beats and a worker as processes: a schedule of minutes, with a probe of the data, runs each window once."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from tests.servers.processes import environment, sandbox, stop, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

CELERY, FOREBAY = (str(Path(sys.executable).with_name(name)) for name in ("celery", "forebay"))
PROBED = [f"{whose}/{word}" for whose in ("of-worker", "of-beat") for word in ("alive", "ready")]
SPEC = """
version: 1
connections:
  acme: {{mode: test, key: secret://env/ACME_KEY, api_base: "{url}"}}
defaults: {{output: {folder}/out}}
extracts:
  pulse:
    sql: >-
      SELECT count(*) AS charges FROM charges
      WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}
    window: {{every: 1h, start: {start:%Y-%m-%dT%H:%M}}}
    schedule: {{when: data_ready, overlap: allow, catch_up: all}}
"""


@pytest.fixture
def start() -> datetime:
    """Three hours that are over, and none that ends while the test runs."""
    return (datetime.now(UTC) - timedelta(hours=3, minutes=1)).replace(second=0, microsecond=0)


@pytest.fixture
def env(valkey_url: str, tmp_path: Path, start: datetime) -> Iterator[dict[str, str]]:
    with sandbox(tmp_path / "sandbox.log", "--duration", "fixed:0.2") as url:
        (tmp_path / "forebay.yaml").write_text(SPEC.format(url=url, folder=tmp_path, start=start))
        loaded = {"data_load_time": (start + timedelta(hours=2, minutes=30)).isoformat()}
        httpx.post(f"{url}/sandbox/control", json=loaded).raise_for_status()
        yield environment(
            FOREBAY_REDIS_URL=valkey_url,
            FOREBAY_LEDGER=str(tmp_path / "ledger"),
            FOREBAY_SPEC=str(tmp_path / "forebay.yaml"),
            ACME_KEY="sk_test_acme",
            SANDBOX=url,
        )


def probe(file: Path) -> int:
    """What docs/settings.md gives for probes."""
    return subprocess.run(["sh", "-c", f'test -n "$(find {file} -mmin -1)"'], check=False).returncode


def start_process(stack: ExitStack, words: list[str], env: dict[str, str], log: Path) -> None:
    with log.open("w") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)
    stack.callback(stop, process)


def test_two_beats_run_each_window_once_and_only_those_whose_data_are_there(
    env: dict[str, str], tmp_path: Path, start: datetime
) -> None:
    ledger = Ledger(LocalStore(tmp_path / "ledger"))
    ids = [
        f"pulse.{start + timedelta(hours=hour):%Y%m%dT%H%MZ}-{start + timedelta(hours=hour + 1):%Y%m%dT%H%MZ}"
        for hour in range(2)
    ]
    logs = [tmp_path / f"{name}.log" for name in ("worker", "celery-beat", "forebay-beat")]
    with ExitStack() as stack:
        start_process(stack, [FOREBAY, "worker"], env | {"FOREBAY_HEALTH_DIR": str(tmp_path / "of-worker")}, logs[0])
        start_process(stack, [CELERY, "-A", "worker", "beat", "-S", "forebay.scheduler.beat:Scheduler"], env, logs[1])
        start_process(stack, [FOREBAY, "beat"], env | {"FOREBAY_HEALTH_DIR": str(tmp_path / "of-beat")}, logs[2])
        wait_until(lambda: all(ledger.closing(batch) for batch in ids), "both windows to land", deadline_s=120)
        alive = subprocess.run([FOREBAY, "beat", "--check"], env=env, capture_output=True, text=True, check=False)
        probed = {file: probe(tmp_path / file) for file in PROBED}

    assert {closing.outcome for batch in ids if (closing := ledger.closing(batch))} == {"landed"}
    assert list(ledger.names.like("pulse.")) == ids, "the third hour has no data yet"
    runs = httpx.get(f"{env['SANDBOX']}/sandbox/runs", params={"limit": 100}).json()["data"]
    asked = Counter(run["sql_sha256"] for run in runs)
    assert set(asked.values()) == {1} and len(asked) == 3, "two windows, and one question for the data"
    assert alive.returncode == 0, alive.stderr
    assert set(probed.values()) == {0}, probed
    for file in PROBED:
        os.utime(tmp_path / file, (time.time() - 70, time.time() - 70))
    assert {probe(tmp_path / file) for file in PROBED} == {1}, "what was said more than a minute ago is not believed"
    for log in logs:
        assert "Traceback" not in log.read_text(), log.read_text()
    assert not list(tmp_path.glob("celerybeat-schedule*")), "beat keeps no file"
