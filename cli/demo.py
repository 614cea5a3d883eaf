"""`forebay demo`: the main job on real input, with nothing set up and no key.

A sandbox process plays Stripe; everything else is what `forebay run` uses: client, workers, governor, Valkey. The
sandbox's own count says how many runs were alive at once, since ours would only prove that we believe ourselves.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import typer

from cli import options, words
from cli.accept import accept, read_request
from cli.console import Manner
from cli.deployment import deployment
from cli.embedded.attach import embedded
from cli.embedded.children import with_parent
from cli.endings import follow_to_end
from cli.errors import EmbeddedFailed, NotHere
from cli.exits import Exit
from cli.sandbox import sandbox_command
from config.settings import Settings

#: Below the forty queries, so that queueing shows.
CAP = 10
DURATION = "lognormal:2,0.5"
QUERIES = "examples/queries/*.sql"
FOLDER = Path(".forebay/demo")

_SPEC = """\
# Written by `forebay demo`, and read by its workers: what a spec file looks like.
version: 1
connections:
  sandbox:
    mode: test
    key: secret://env/FOREBAY_DEMO_KEY
    api_base: {url}
    lane:
      cap: {cap}
"""


def demo(*, no_progress: options.NoProgress = False) -> int:
    """Run some forty queries against a local Stripe, and show that the cap holds."""
    if not list(Path().glob(QUERIES)):
        raise NotHere(
            f"there is no {QUERIES} in this folder",
            way_out="the demo runs the queries of a clone: change to its top folder",
        )
    folder = _fresh_folder()
    typer.echo("starting a local Stripe …", err=True)
    # Ctrl-C reaches the sandbox too, and without it nothing can go on in the background.
    with _sandbox() as url:
        _become_its_user(folder, url)
        request = read_request([QUERIES], to="out", account=None, connection=None, cap=None)
        typer.echo(f"{words.runs(request.size)} for it, with room for {CAP} at once ({url})", err=True)
        with deployment(request.settings, request.config) as here:
            batch = accept(here, request)
            here.start_work()
            try:
                code = follow_to_end(here, batch, Manner(no_progress=no_progress), timeout_s=None, may_detach=False)
            finally:
                here.stop_work()
        if code in (Exit.OK, Exit.SOME_FAILED):
            _tell(httpx.get(f"{url}/sandbox/counts", trust_env=False).json())
    return code


def _fresh_folder() -> Path:
    """The demo's own data folder, empty. An earlier demo that was killed may still hold it."""
    folder = FOLDER.absolute()
    embedded(Settings(data_dir=folder), os.environ).stop()
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _become_its_user(folder: Path, url: str) -> None:
    """Sets the environment that the demo and its workers read; what was set for real work must not leak in."""
    for name in [name for name in os.environ if name.startswith(("FOREBAY_", "STRIPE_"))]:
        del os.environ[name]
    spec = folder / "forebay.yaml"
    spec.write_text(_SPEC.format(url=url, cap=CAP))
    os.environ |= {
        "FOREBAY_SPEC": str(spec),
        "FOREBAY_DATA_DIR": str(folder),
        "FOREBAY_LEDGER": str(folder / "ledger"),
        "FOREBAY_DEMO_KEY": "rk_test_demo",
    }


@contextmanager
def _sandbox() -> Iterator[str]:
    """A sandbox on a free port, as long as the block lasts; yields its URL."""
    command = sandbox_command("--port", "0", "--cap", str(CAP), "--duration", DURATION)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=with_parent(),
        text=True,
    )
    try:
        assert process.stdout  # noqa: S101 - a pipe, as asked for
        line = process.stdout.readline()
        if "http://" not in line:
            raise EmbeddedFailed("the sandbox did not start", way_out="`forebay sandbox` shows why")
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _tell(counts: dict[str, Any]) -> None:
    peak = max(scope["peak_alive"] for scope in counts["scopes"].values())
    sys.stdout.write(f"  alive    {peak} at most at once, by the sandbox's own count (cap {CAP})\n")
    sys.stdout.write("\nNext: export STRIPE_API_KEY=rk_test_… && forebay run queries/*.sql --to ./out\n")
