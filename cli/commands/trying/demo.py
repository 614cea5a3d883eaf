"""Runs the main job, or a whole month end, on real input, with nothing set up and no key: `forebay demo`.

A sandbox process plays Stripe; everything else is what `forebay run` uses: client, workers, governor, Valkey. The
sandbox's own count says how many runs were alive at once, since ours would only prove that we believe ourselves.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from forebay.cli import options
from forebay.cli.commands.trying.sandbox import sandbox_command
from forebay.cli.deployment import open_deployment
from forebay.cli.embedded.attach import embedded
from forebay.cli.embedded.children import with_parent
from forebay.cli.embedded.demo_folder import FOLDER, SETTINGS
from forebay.cli.errors import EmbeddedFailed, NotHere
from forebay.cli.exits import Exit
from forebay.cli.following.session import Session
from forebay.cli.output import plain_text, words
from forebay.cli.output.console import Manner
from forebay.cli.submitting.accept import accept
from forebay.cli.submitting.request import read_request
from forebay.config.settings import Settings

EXAMPLES = Path("examples")
#: What the example's spec asks for, and where `forebay sandbox` is by itself.
USUAL_URL = "http://127.0.0.1:8420"

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


class Example(StrEnum):
    """What can be shown."""

    QUERIES = "queries"
    MONTH_END = "month-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Show:
    """How an example is run."""

    what: str
    """What `forebay run` would be given."""
    cap: int
    sandbox: tuple[str, ...]
    key: tuple[str, str]
    spec: Callable[[Path, str], Path]
    """Puts the spec into a folder, for a sandbox at a URL; returns where it is."""
    next: str
    """What to try next; `{forebay}` stands for this command."""


def _own_spec(folder: Path, url: str) -> Path:
    spec = folder / "forebay.yaml"
    spec.write_text(_SPEC.format(url=url, cap=_SHOWS[Example.QUERIES].cap))
    return spec


def _spec_of_month_end(folder: Path, url: str) -> Path:
    copy = shutil.copytree(EXAMPLES / Example.MONTH_END, folder / Example.MONTH_END)
    spec = copy / "forebay.yaml"
    spec.write_text(spec.read_text().replace(USUAL_URL, url))
    return spec


_SHOWS = {
    Example.QUERIES: _Show(
        what="examples/queries/*.sql",
        cap=10,  # below the forty queries, so that queueing shows
        sandbox=("--duration", "lognormal:2,0.5"),
        key=("FOREBAY_DEMO_KEY", "rk_test_demo"),
        spec=_own_spec,
        next="with a key of yours: STRIPE_API_KEY=rk_test_… {forebay} run examples/queries/*.sql --to ./out\n"
        f"      what the demo kept: {SETTINGS} {{forebay}} ls",
    ),
    Example.MONTH_END: _Show(
        what="month_end",
        cap=50,
        # Stripe's request limits would make it ten minutes; README.md of the example says how to have them.
        sandbox=(
            *("--accounts", "38", "--cap-scope", "organization", "--duration", "lognormal:2,0.5"),
            *("--endpoint-rate-per-s", "0", "--global-rate-test-per-s", "0"),
        ),
        key=("MONTH_END_KEY", "sk_org_test_demo"),
        spec=_spec_of_month_end,
        next="examples/month-end/README.md says what happened, and how to run it by hand",
    ),
}


def demo(
    example: Annotated[
        Example, typer.Argument(metavar="EXAMPLE", help="What to show.", show_default=True)
    ] = Example.QUERIES,
    *,
    no_progress: options.NoProgress = False,
) -> int:
    """Run the examples against a local Stripe.

    Some forty queries, or a month end of 38 accounts: it shows that the cap holds.
    """
    show = _SHOWS[example]
    command = sandbox_command("--port", "0", "--cap", str(show.cap), *show.sandbox)
    if not (EXAMPLES / example).is_dir():
        raise NotHere(
            f"there is no {EXAMPLES / example} in this folder",
            way_out="the demo runs the examples of a clone: change to its top folder",
        )
    folder = _fresh_folder()
    plain_text.remark("starting a local Stripe …")
    # Ctrl-C reaches the sandbox too, and without it nothing can go on in the background.
    with _sandbox(command) as url:
        _become_its_user(folder, show, url)
        request = read_request(options.BatchOptions(queries=[show.what], to="out"))
        plain_text.remark(f"{words.runs(request.size)} for it, with room for {show.cap} at once ({url})")
        with open_deployment(request.settings, request.config) as deployment:
            batch = accept(deployment, request)
            deployment.start_work()
            try:
                code = Session(deployment, batch, Manner(no_progress=no_progress), may_detach=False).follow()
            finally:
                deployment.stop_work()
        if code in (Exit.OK, Exit.SOME_FAILED, Exit.CHECKS):
            _tell(httpx.get(f"{url}/sandbox/counts", trust_env=False).json(), show)
    return code


def _fresh_folder() -> Path:
    """Makes the demo's own data folder, empty. An earlier demo that was killed may still hold it."""
    folder = FOLDER.absolute()
    embedded(Settings(data_dir=folder), os.environ).stop()
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _become_its_user(folder: Path, show: _Show, url: str) -> None:
    """Sets the environment that the demo and its workers read; what was set for real work must not leak in."""
    for name in [name for name in os.environ if name.startswith(("FOREBAY_", "STRIPE_"))]:
        del os.environ[name]
    key, value = show.key
    os.environ |= {
        "FOREBAY_SPEC": str(show.spec(folder, url)),
        "FOREBAY_DATA_DIR": str(folder),
        "FOREBAY_LEDGER": str(folder / "ledger"),
        key: value,
    }


@contextmanager
def _sandbox(command: list[str]) -> Iterator[str]:
    """Keeps a sandbox on a free port as long as the block lasts; yields its URL."""
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


def _tell(counts: dict[str, Any], show: _Show) -> None:
    peak = max(scope["peak_alive"] for scope in counts["scopes"].values())
    plain_text.say(
        f"  alive    {peak} at most at once, by the sandbox's own count (cap {show.cap})",
        "",
        *f"Next: {show.next.format(forebay=_typed())}".splitlines(),
    )


def _typed() -> str:
    """Says how this command is called from here: an environment's own commands need not be on the PATH."""
    found, called = shutil.which("forebay"), Path(sys.argv[0])
    if found and Path(found).resolve() == called.resolve():
        return "forebay"
    return os.path.relpath(called) if called.name == "forebay" else "forebay"
