"""Breaks the scripts one line at a time, and shows that the model test notices each.

    python -m tests.governor.mutants [part of a name]

prints a table with a line a mutant and what was noticed, and fails if one survives (some minutes).
`test_mutants.py` keeps a short form in the suite.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
import redis
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from forebay.governor import scripts
from forebay.governor.errors import GovernorError
from forebay.governor.redis_client import connect
from tests.governor.machine import LaneMachine
from tests.governor.mutant import Mutant
from tests.governor.mutant_list import MUTANTS
from tests.governor.test_model import COMMON
from tests.servers.valkey import valkey_server

#: Many times what the model test runs each time, to tell a mutant that is rarely noticed from one that never is.
HUNT = settings(
    COMMON,
    max_examples=400,
    stateful_step_count=50,
    database=None,
    derandomize=True,
    print_blob=False,
    phases=[Phase.generate],
)


#: Tests of what takes a rare meeting of events.
NAMED = tuple(
    f"tests/governor/test_{name}.py"
    for name in (
        "custody",
        "claim",
        "fair_order",
        "slots",
        "settling",
        "reconciliation",
        "budgets",
        "set_aside",
        "waking",
        "feed_worth",
        "sweeping",
        "bell",
    )
)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Every governor that is made meanwhile loads its scripts with the mistake in them."""
    with TemporaryDirectory() as folder:
        lua = Path(folder) / "lua"
        with as_file(files("forebay.governor") / "lua") as original:
            shutil.copytree(original, lua)
        script = lua / f"{mutant.script}.lua"
        text = script.read_text("utf-8")
        assert text.count(mutant.old) == 1, f"the script has changed, write this mutant anew: {mutant}"
        script.write_text(text.replace(mutant.old, mutant.new), "utf-8")
        uncached = scripts.source.__wrapped__
        with patch.object(scripts, "files", lambda package: Path(folder)), patch.object(scripts, "source", uncached):
            yield


def noticed(mutant: Mutant, client: redis.Redis) -> str | None:
    """Gives what the model test says of the mistake; None if it does not notice it."""
    with applied(mutant):
        try:
            run_state_machine_as_test(lambda: LaneMachine(client), settings=HUNT)
        except GovernorError as error:
            raise AssertionError(
                f"no mistake that anybody could make, the script does not even run: {mutant}"
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever the test says
            return f"{type(error).__name__} {error}".splitlines()[0]
        return _noticed_by_a_named_test(mutant)


def _noticed_by_a_named_test(mutant: Mutant) -> str | None:
    """Runs the tests of what takes a rare meeting of events; only when the model test is silent."""
    # In a process of its own: pytest may end it, and does not start in one that has searched already.
    command = [sys.executable, "-m", "tests.governor.mutants", "--named", mutant.name]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    if child.returncode == pytest.ExitCode.OK:
        return None
    # An error beside a test is of its end: of a key, say, that it left.
    ends = (line for line in child.stdout.splitlines() if "::" in line)
    failed = [line for line in ends if line.startswith(("FAILED", "ERROR"))]
    assert failed, f"the named tests did not even run: {child.stdout}{child.stderr}"
    return failed[0]


def run_named_tests(name: str) -> int:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    ignored = "ignore::pytest.PytestAssertRewriteWarning"  # this process has imported what pytest would rewrite
    with applied(mutant):
        return pytest.main(["-q", "-x", "-W", ignored, "-p", "no:cacheprovider", *NAMED])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.governor.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="", help="only mutants with this in their name")
    parser.add_argument("--named", help="run only the named tests, on the mutant of just this name")
    args = parser.parse_args()
    if args.named:
        return run_named_tests(args.named)
    wanted = [mutant for mutant in MUTANTS if args.name in mutant.name]
    survivors = 0
    with valkey_server() as url, connect(url) as client:
        for mutant in wanted:
            started = time.monotonic()
            complaint = noticed(mutant, client)
            survivors += complaint is None
            verdict = "SURVIVED" if complaint is None else "caught"
            seconds = time.monotonic() - started
            sys.stdout.write(f"{seconds:6.1f} s  {verdict:8}  {mutant.name:45}  {complaint or ''}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - survivors} of {len(wanted)} mutants caught\n")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
