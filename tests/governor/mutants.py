"""Breaks the scripts one line at a time, and shows that the model test notices each.

    python -m tests.governor.mutants [part of a name]

prints a line a mutant, with what was noticed, and fails if one survives (about three minutes).
`test_mutants.py` keeps a short form in the suite.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import redis
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from governor import scripts
from governor.client import connect
from governor.errors import GovernorError
from tests.governor.machine import LaneMachine
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


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake somebody could make: in one script's own part or, for `lane`, in the part that all share."""

    name: str
    script: str
    old: str
    new: str

    def __str__(self) -> str:
        return self.name


MUTANTS = (
    Mutant("a fence is not compared", "lane", "run_fence == fence and (", "run_state and ("),
    Mutant("a state is not compared", "lane", "and (not state or run_state == state) then", "then"),
    Mutant(
        "a custody keeps the fence of its message", "begin", "local new_fence = next_fence()", "local new_fence = fence"
    ),
    Mutant("only running runs are counted", "lane", "redis.call('ZCARD', SLOTS)", "redis.call('ZCARD', DUE.poll)"),
    Mutant("the margin is forgotten", "lane", "return cap - margin - ", "return cap - "),
    Mutant(
        "time frees a slot",
        "claim",
        "claimed[#claimed + 1] = run\n",
        "claimed[#claimed + 1] = run free_slot(run, string.match(run, '^[^/]+'))\n",
    ),
    Mutant(
        "a slot is freed twice",
        "lane",
        "if redis.call('ZREM', SLOTS, run) == 1 then",
        "redis.call('ZREM', SLOTS, run) do",
    ),
    Mutant("a landing holds its slot", "ready", "free_slot(run, flow)\n", ""),
    Mutant("nothing is granted after a finish", "finish", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after an end", "ready", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a put back", "put_back", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a raised cap", "configure", "\ngrant()\n", "\n"),
    Mutant("nothing is granted to a new flow", "open_flow", "\ngrant()\n", "\n"),
    Mutant(
        "the newest flow goes first", "lane", "redis.call('ZRANGE', FLOWS, 0, 0)", "redis.call('ZRANGE', FLOWS, -1, -1)"
    ),
    Mutant("an exhausted flow stays eligible", "lane", "if not has_waiting(flow) then", "if false then"),
    Mutant("what was put back is forgotten", "lane", " or redis.call('LLEN', back_key(flow)) > 0", ""),
    Mutant("put back to the wrong end", "put_back", "'LPUSH'", "'RPUSH'"),
    Mutant("a put back is charged", "put_back", "'|' .. attempt .. '|'", "'|' .. attempt + 1 .. '|'"),
    Mutant("a canceled flow takes runs back", "put_back", "'canceling') == 1", "'canceling') == 2"),
    Mutant("a state is not written down", "lane", "  mark(flow, index, to)\n", ""),
    Mutant("an outcome is not written down", "lane", "  mark(flow, index, next_state)\n", ""),
    Mutant("a move leaves the old due time", "lane", "redis.call('ZREM', DUE[STEP_OF[from]], run)", ""),
    Mutant("a move makes nothing due", "lane", "redis.call('ZADD', DUE[STEP_OF[to]], now + delay_ms, run)", ""),
    Mutant("a settled run stays due", "lane", "redis.call('ZREM', DUE[STEP_OF[state]], run)", ""),
    Mutant(
        "a claim removes what it takes",
        "claim",
        "redis.call('ZADD', DUE[step], now + resend_ms, run)",
        "redis.call('ZREM', DUE[step], run)",
    ),
    Mutant("a claim leaves what it takes", "claim", "redis.call('ZADD', DUE[step], now + resend_ms, run)", ""),
    Mutant("a custody has no end", "begin", "redis.call('ZADD', DUE[STEP_OF[state]], now + custody_ms, run)", ""),
    Mutant("an operation costs nothing", "claim", "charge(operation, #claimed / 2)", ""),
    Mutant("the budget of all costs nothing", "claim", "charge('all', #claimed / 2)", ""),
    Mutant(
        "an idle budget saves up", "lane", "math.max(number(BUDGETS, operation), now)", "number(BUDGETS, operation)"
    ),
    Mutant(
        "a closed gate lets all through",
        "lane",
        "return now < tonumber(closed_until) and 0 or math.min(want, 1)",
        "return want",
    ),
    Mutant("an expired gate is open", "lane", "or math.min(want, 1)", "or want"),
    Mutant("each refusal doubles the wait", "lane", "if wait and not probing then return end", ""),
    Mutant("a gate waits longer and longer", "lane", "math.min(tonumber(wait) * 2, most_ms)", "tonumber(wait) * 2"),
    Mutant("a probe is not noted", "claim", "for _, gate in ipairs(gates) do note_probe(gate, resend_ms) end", ""),
    Mutant("a look opens the cap", "lane", "poll = { 'auth', 'retrieve' }", "poll = { 'auth', 'retrieve', 'cap' }"),
    Mutant("a key is replaced", "mark_sent", "HSETNX", "HSET"),
    Mutant("a retried landing runs the query again", "lane", "query_run == '' and 'granted' or 'running'", "'granted'"),
    Mutant("a retry takes any run", "retry", "[1] == NIBBLE.failed then", "[1] >= NIBBLE.landed then"),
    Mutant("a retried flow still expires", "lane", "redis.call('PERSIST', flow_key(flow))", ""),
    Mutant(
        "a retried flow is not eligible",
        "lane",
        "redis.call('ZADD', FLOWS, number(flow_key(flow), 'order'), flow)\nend",
        "end",
    ),
    Mutant("a canceled flow keeps what was put back", "cancel_flow", "redis.call('DEL', back_key(flow))", ""),
    Mutant("a canceled flow stays eligible", "cancel_flow", "redis.call('ZREM', FLOWS, flow)", ""),
    Mutant("a canceled flow is never done", "cancel_flow", "close_if_done(flow, keep_ms)", ""),
    Mutant("a flow is done too early", "lane", "if landed + failed + canceled < tonumber(size) then return end", ""),
    Mutant("a failed run is not settled", "lane", "landed + failed + canceled <", "landed + canceled <"),
    Mutant("a settled flow stays for ever", "lane", "redis.call('PEXPIRE', key, keep_ms)", ""),
    Mutant("a flow opens twice", "open_flow", "if redis.call('EXISTS', flow_key(flow)) == 1 then return 0 end", ""),
    Mutant("success is counted as a failed try", "again", "redis.call('HSET', run_key(run), 'tries', 0)", ""),
    Mutant(
        "a lost custody is kept",
        "keep",
        "if not state then return 0 end",
        "state = redis.call('HGET', run_key(run), 'state') if not state then return 0 end",
    ),
)

#: The classic ways of breaking a concurrency limit, for the suite.
CLASSICS = tuple(
    mutant
    for mutant in MUTANTS
    if mutant.name
    in (
        "a fence is not compared",
        "only running runs are counted",
        "time frees a slot",
        "nothing is granted after an end",
    )
)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Every governor that is made meanwhile loads its scripts with the mistake in them."""
    with TemporaryDirectory() as folder:
        lua = Path(folder) / "lua"
        with as_file(files("governor") / "lua") as original:
            shutil.copytree(original, lua)
        script = lua / f"{mutant.script}.lua"
        text = script.read_text("utf-8")
        assert text.count(mutant.old) == 1, f"the script has changed, write this mutant anew: {mutant}"
        script.write_text(text.replace(mutant.old, mutant.new), "utf-8")
        uncached = scripts.source.__wrapped__
        with patch.object(scripts, "files", lambda package: Path(folder)), patch.object(scripts, "source", uncached):
            yield


def noticed(mutant: Mutant, client: redis.Redis) -> str | None:
    """What the model test says of the mistake; None if it does not notice it."""
    with applied(mutant):
        try:
            run_state_machine_as_test(lambda: LaneMachine(client), settings=HUNT)
        except GovernorError as error:
            raise AssertionError(
                f"no mistake that anybody could make, the script does not even run: {mutant}"
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever the test says
            return f"{type(error).__name__} {error}".splitlines()[0]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.governor.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="", help="only mutants with this in their name")
    wanted = [mutant for mutant in MUTANTS if parser.parse_args().name in mutant.name]
    survivors = 0
    with valkey_server() as url, connect(url) as client:
        for mutant in wanted:
            started = time.monotonic()
            complaint = noticed(mutant, client)
            survivors += complaint is None
            verdict = f"SURVIVED {mutant}" if complaint is None else f"caught   {mutant}: {complaint}"
            sys.stdout.write(f"{time.monotonic() - started:5.1f} s  {verdict}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - survivors} of {len(wanted)} mutants caught\n")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
