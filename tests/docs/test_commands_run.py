"""Types what pages show: the blocks marked to be run, page by page, in one shell, against a sandbox and an S3 server.

What stands for something of the reader's is put in: the newest batch for an example's id, the sandbox's address for the
usual one. Each line has to end with 0. `make docs-commands` types all pages, `make test` what everybody begins with.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from forebay.cli.commands.trying.demo import USUAL_URL
from forebay.cli.embedded.attach import embedded
from forebay.config.settings import Settings
from tests.docs.markdown_pages import PAGES, Page
from tests.servers.processes import environment, sandbox
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.source import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

FIRST = {"README.md", "quickstart.md"}
ALL = os.environ.get("FOREBAY_TEST_DOCS") == "all"
RUN = [path for path in PAGES if any(block.runs for block in Page(path).blocks) and (ALL or path.name in FIRST)]
BATCH_ID = re.compile(r"\b\d{8}-\d{6}-[a-z0-9]{5}\b")
#: What a reader has before he begins.
QUERIES = ("revenue_by_month", "fees_by_month")
PRELUDE = """\
set -eo pipefail
trap 'echo "this line did not end with 0: $BASH_COMMAND" >&2' ERR
newest() { ls -t .forebay/ledger/batches | grep -E '^[0-9]{8}-[0-9]{6}-' | head -n 1; }
forebay() {
    command forebay "$@"
    if [ "$1" = init ]; then sed -i "s,USUAL_URL,STRIPE_URL," "${2:-.}/forebay.yaml"; fi
}
"""


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """A sandbox whose queries take hardly any time."""
    with sandbox(tmp_path / "sandbox.log", "--duration", "fixed:0.2", "--event-delay", "fixed:0.1") as url:
        yield url


@pytest.fixture
def reader(tmp_path: Path, stripe_url: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of somebody who reads: an environment with nothing set but credentials, two queries, and a bucket."""
    folder = tmp_path / "reader"
    (folder / "queries").mkdir(parents=True)
    for name in QUERIES:
        (folder / "queries" / f"{name}.sql").write_text((ROOT / f"examples/queries/{name}.sql").read_text())
    for name in [name for name in os.environ if name not in environment()]:
        monkeypatch.delenv(name)
    given = {
        "HOME": str(tmp_path),
        "PATH": f"{_commands(tmp_path)}:{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "FOREBAY_S3_ENDPOINT": s3_endpoint,
        "FOREBAY_API_BASE": stripe_url,
        "STRIPE_API_KEY": "rk_test_reader",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket="bucket")
    monkeypatch.chdir(folder)
    yield folder
    embedded(Settings(), os.environ).stop()


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_shows_ends_well(path: Path, reader: Path, stripe_url: str) -> None:
    blocks = [block for block in Page(path).blocks if block.runs]
    prelude = PRELUDE.replace("USUAL_URL", USUAL_URL).replace("STRIPE_URL", stripe_url)
    script = prelude + "\n".join(_typed(block.text, stripe_url) for block in blocks)

    ended = subprocess.run(["bash", "-c", script], text=True, capture_output=True, timeout=220, check=False)

    assert ended.returncode == 0, f"{ended.stderr[-3000:]}\n{ended.stdout[-2000:]}"


def _typed(text: str, stripe_url: str) -> str:
    """Puts in what is the reader's own."""
    text = BATCH_ID.sub("$(newest)", text).replace(USUAL_URL, stripe_url).replace("test_…", "test_reader")
    # At Stripe it would be unset; here Stripe is the sandbox all along.
    return text.replace("unset FOREBAY_API_BASE", f"export FOREBAY_API_BASE={stripe_url}")


def _commands(folder: Path) -> Path:
    """Makes a folder with `forebay` in it, of the Python that runs the tests."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    command = bin_folder / "forebay"
    code = "from forebay.cli.entry import main; main()"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{code}" "$@"\n')
    command.chmod(0o755)
    return bin_folder
