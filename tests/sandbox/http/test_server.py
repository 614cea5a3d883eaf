"""`python -m forebay.sandbox` as people start it: a real process, its one line, its end."""

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forebay.sandbox import extra
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.sandbox.driver import Api

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.system


@contextmanager
def _process(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "forebay.sandbox", "--port", "0", *flags],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_where_its_extra_is_not_installed_it_says_how_to_get_it() -> None:
    hidden = f"import runpy, sys; sys.modules.update(dict.fromkeys({extra.NEEDED})); "
    start = "runpy.run_module('forebay.sandbox', run_name='__main__')"

    ended = subprocess.run([sys.executable, "-c", hidden + start], cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 2
    assert ended.stderr == f"the sandbox needs {', '.join(extra.NEEDED)}\n  → {extra.WAY_OUT}\n"


def test_the_process_prints_its_address_when_it_accepts_and_stops_cleanly_while_queries_run() -> None:
    with _process("--cap", "3", "--duration", "lognormal:30,0.1", "--seed", "5") as (process, line):
        url = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert url is not None
        api = Api(url[1])
        assert api.http.get("/sandbox/control").json()["seed"] == 5
        endless = "SELECT count_if((a.amount + b.amount * c.amount) % 7 = 1) FROM charges a, charges b, charges c"
        assert [api.create(endless).status_code for _ in range(4)] == [200, 200, 200, 429]
        api.http.close()
        process.send_signal(signal.SIGTERM)
        out, (_, err) = process.stdout.read(), process.communicate(timeout=10)
        assert (process.returncode, err) == (0, "")
        assert f"export FOREBAY_API_BASE={line.split()[-1]}\n" in out


@pytest.mark.parametrize(
    ("how", "secret", "told"),
    [(signal.SIGTERM, [], r"whsec_[0-9a-f]{32}"), (signal.SIGINT, ["--webhook-secrets", "whsec_own"], None)],
)
def test_either_signal_ends_an_idle_process_quietly(how: signal.Signals, secret: list[str], told: str | None) -> None:
    faults = '[{"name": "slow", "delay_s": 0.5}]'
    hook = ["--webhook", "http://127.0.0.1:9/stripe"]
    with _process("--faults", faults, "--cap-scope", "key", "--zip-sizes", "known", *hook, *secret) as (process, line):
        api = Api(line.split()[-1])
        assert api.http.get("/sandbox/control").json()["faults"][0]["delay_s"] == 0.5
        api.http.close()
        process.send_signal(how)
        out, (_, err) = process.stdout.read(), process.communicate(timeout=10)
        assert (process.returncode, err) == (0, "")
        assert f"export FOREBAY_API_BASE={line.split()[-1]}\n" in out
        # A secret that was made up is told once; who gave one knows it.
        shown = re.findall(r"webhooks are signed with (\S+)\n", out)
        assert len(shown) == 1 and re.fullmatch(told, shown[0]) if told else not shown


def test_a_flag_that_makes_no_sense_stops_the_start_with_a_message() -> None:
    with _process("--duration", "soon") as (process, line):
        _, err = process.communicate(timeout=10)
        assert (line, process.returncode != 0) == ("", True)
        assert "fixed:SECONDS" in err


def test_a_sandbox_in_a_thread_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running(SandboxSettings(port=0, duration="fixed:0", accounts=1)) as url:
        api = Api(url)
        api.run("SELECT 1")
        api.http.close()
        assert list(tmp_path.rglob("*.csv"))
    assert not list(tmp_path.iterdir())
