"""What a user installs runs: in an environment of the lock and the wheel alone, in a folder of their own.

Development has more packages, and the source beside it; here a dependency that is asked for nowhere is missed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from forebay import __version__
from forebay.cli.embedded.attach import embedded
from forebay.config.settings import Settings
from tests.distribution.conftest import outside
from tests.servers.processes import sandbox, stop, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

#: Imports every module of the package; says which could not be, for want of what.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import forebay
missed, names = {}, []
for module in pkgutil.walk_packages(forebay.__path__, "forebay."):
    names.append(module.name)
    if module.name.endswith(".__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missed[module.name] = error.name
print(json.dumps({"names": names, "missed": missed, "where": forebay.__file__}))
"""


@pytest.fixture
def env(users: Path) -> dict[str, str]:
    return {**outside(), "STRIPE_API_KEY": "rk_test_installed"}


@pytest.fixture
def stripe(env: dict[str, str], users: Path) -> Iterator[str]:
    """A sandbox out of the tests' own environment: what is installed has none."""
    with sandbox(users.parent / "sandbox.log", "--duration", "fixed:0.2") as url:
        env["FOREBAY_API_BASE"] = url
        yield url


def call(words: list[str], env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def landed(folder: Path) -> set[str]:
    return {json.loads(path.read_text())["name"] for path in folder.glob("out/*/*.manifest.json")}


def test_every_module_imports_but_those_of_an_extra_for_want_of_it(
    installed: Path, env: dict[str, str], users: Path
) -> None:
    # The worker's app wants the name of a server when it is imported, and connects to none.
    env["FOREBAY_REDIS_URL"] = "redis://127.0.0.1:1"

    said = call([str(installed / "python"), "-P", "-c", IMPORT_ALL], env, users)

    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert installed.parent in Path(answer["where"]).parents, "another forebay than the installed one was imported"
    assert len(answer["names"]) > 100
    for name, wanted in answer["missed"].items():
        known = {"duckdb": "forebay.sandbox.", "pyarrow": "parquet", "opentelemetry": "forebay.worker.tracing"}
        assert known[wanted] in name, answer["missed"]
    assert {*answer["missed"].values()} == {*known}, "an extra is installed, which production does without"


def test_a_batch_lands_with_nothing_else_started(
    installed: Path, env: dict[str, str], users: Path, stripe: str
) -> None:
    try:
        said = call([str(installed / "forebay"), "run", "queries/*.sql", "--to", "out"], env, users)
    finally:
        embedded(Settings(_env_file=None, data_dir=users / ".forebay"), env).stop()

    assert said.returncode == 0, said.stderr
    assert "3 of 3 runs landed" in said.stdout
    assert landed(users) == {"charges", "disputes", "refunds"}


def test_celerys_own_commands_run_a_worker_and_a_beat(
    installed: Path, env: dict[str, str], users: Path, stripe: str, valkey_url: str
) -> None:
    spec = users.parent / "forebay.yaml"
    spec.write_text(
        f"version: 1\nconnections:\n  acme: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: '{stripe}'}}\n"
    )
    env |= {"FOREBAY_REDIS_URL": valkey_url, "FOREBAY_LEDGER": str(users / "ledger")}
    celery, forebay = str(installed / "celery"), str(installed / "forebay")
    logs = [users.parent / name for name in ("worker.log", "beat.log")]
    with ExitStack() as stack:
        worker = start(stack, [celery, "-A", "forebay.worker", "worker"], env, users, logs[0])
        beat = [celery, "-A", "forebay.worker", "beat", "-S", "forebay.scheduler.beat:Scheduler"]
        start(stack, beat, {**env, "FOREBAY_SPEC": str(spec)}, users, logs[1])
        submitted = call([forebay, "submit", "queries/*.sql", "--to", "out"], env, users)
        assert submitted.returncode == 0, submitted.stderr
        wait_until(lambda: len(landed(users)) == 3 or worker.poll() is not None, "the batch to land", deadline_s=90)
        assert worker.poll() is None, "the worker ended"
        wait_until(lambda: call([forebay, "beat", "--check"], env, users).returncode == 0, "the beat to be alive")

    assert not [log.name for log in logs if "Traceback" in log.read_text()]


def start(stack: ExitStack, words: list[str], env: dict[str, str], folder: Path, log: Path) -> subprocess.Popen[str]:
    """Starts a process that ends with the test, and whose words pytest shows where the test fails."""
    with log.open("w") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)

    def end() -> None:
        stop(process)
        sys.stdout.write(f"{log.name}:\n{log.read_text()}\n")

    stack.callback(end)
    return process


@pytest.mark.parametrize(
    "command", [["forebay", "sandbox"], ["forebay", "demo"], ["python", "-P", "-m", "forebay.sandbox"]], ids=" ".join
)
def test_without_its_extra_the_sandbox_says_what_to_install(
    installed: Path, env: dict[str, str], users: Path, command: list[str]
) -> None:
    said = call([str(installed / command[0]), *command[1:]], env, users)

    assert (said.returncode, said.stdout) == (2, "")
    problem, way_out = said.stderr.splitlines()
    assert problem.removeprefix("usage: ") == "the sandbox needs duckdb"
    assert way_out == "  → pip install 'forebay[sandbox]'"
    assert not (users / ".forebay").exists()


def test_it_knows_its_version(installed: Path, env: dict[str, str], users: Path) -> None:
    said = call([str(installed / "forebay"), "--version"], env, users)

    assert said.returncode == 0
    assert said.stdout.startswith(f"forebay   {__version__}, {installed.parent}")
