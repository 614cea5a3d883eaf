"""Who does not serve pays nothing: neither commands nor workers import a web server, and its lack is one sentence."""

import subprocess
import sys

import pytest

from tests.servers.processes import environment

FOREIGN = "{'starlette', 'uvicorn'}"
VERSION = "from forebay.cli.main import invoke; invoke(['--version'])"
WORKER = "import os; os.environ['FOREBAY_REDIS_URL'] = 'redis://127.0.0.1:1'; import forebay.worker.app"


def python(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), timeout=120, check=False
    )


@pytest.mark.parametrize("what", [VERSION, WORKER])
def test_nothing_of_a_web_server_is_imported(what: str) -> None:
    said = python(f"{what}\nimport sys; print(sorted({FOREIGN} & set(sys.modules)))")

    assert said.stdout.splitlines()[-1] == "[]", said.stderr
