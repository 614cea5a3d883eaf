"""A beat as a process: what does not end it, and what its exit code says of its end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.processes import environment, stop, wait_until
from tests.servers.valkey import RestartedValkey

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

SPEC = """
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY}
defaults: {output: out}
extracts:
  pulse:
    sql: SELECT count(*) AS charges FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}
    window: {every: 1d, start: 2099-01-01}
    schedule: {when: manual}
"""
BEAT = "from forebay.cli.main import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "forebay.yaml").write_text(SPEC)
    (tmp_path / "valkey").mkdir()
    return tmp_path


def env(folder: Path, redis_url: str) -> dict[str, str]:
    return environment(
        FOREBAY_REDIS_URL=redis_url,
        FOREBAY_LEDGER=str(folder / "ledger"),
        FOREBAY_SPEC=str(folder / "forebay.yaml"),
        ACME_KEY="sk_test_acme",
    )


def test_a_redis_that_restarts_does_not_end_it_and_a_signal_does_with_0(folder: Path) -> None:
    log = folder / "beat.log"
    with RestartedValkey(folder / "valkey") as server, log.open("w") as output:
        said = [sys.executable, "-c", BEAT, "beat"]
        beat = subprocess.Popen(said, stdout=output, stderr=subprocess.STDOUT, env=env(folder, server.url), text=True)
        try:
            wait_until(lambda: "beat: Starting" in log.read_text(), "beat to start")
            server.kill()
            wait_until(lambda: "it is tried again" in log.read_text(), "beat to notice")
            server.start()
            assert beat.poll() is None
            beat.send_signal(signal.SIGTERM)
            assert beat.wait(30) == 0, log.read_text()
        finally:
            stop(beat)


def test_one_that_breaks_says_so_with_its_exit_code(folder: Path) -> None:
    broken = f"import forebay.scheduler.beat as b; b.Beat.read_again = lambda self: 1 // 0; {BEAT}"
    with RestartedValkey(folder / "valkey") as server:
        said = [sys.executable, "-c", broken, "beat"]
        ended = subprocess.run(said, env=env(folder, server.url), capture_output=True, text=True, timeout=60)

    assert ended.returncode == 10
    assert "ZeroDivisionError" in ended.stderr.splitlines()[-2] + ended.stderr.splitlines()[-1]
