"""What `--json` writes is what docs/json-events.md says: each event, each field, each kind of cause."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from forebay.cli.output.cause import CauseKind
from forebay.governor.states import RunState
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand
from tests.source import ROOT, modules

PAGE = (ROOT / "docs/json-events.md").read_text()
SECTION = PAGE.partition("\n## Events")[2].partition("\n## ")[0]


def _documented() -> dict[str, tuple[set[str], bool]]:
    """Reads each event's fields, and whether there are more of them."""
    documented = {}
    for line in SECTION.splitlines():
        if line.startswith("| `"):
            _, names, fields, *_ = line.split("|")
            for name in re.findall(r"`(\w+)`", names):
                documented[name] = (set(re.findall(r"`(\w+)`", fields)), "…" in fields)
    return documented


DOCUMENTED = _documented()


def _emitted() -> Iterator[tuple[str, set[str]]]:
    """Finds each event that the source writes by its name, with the fields that it names there."""
    for path, module in modules().items():
        if not path.startswith("cli/"):
            continue
        for node in ast.walk(module):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("emit", "events.emit") and node.args):
                continue
            if isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), {word.arg for word in node.keywords if word.arg}


def test_each_event_is_documented_and_no_other() -> None:
    settled = {state.value for state in RunState if state.settled}

    assert {name for name, _ in _emitted()} | settled == set(DOCUMENTED)


def test_each_field_that_is_named_is_documented() -> None:
    undocumented = {
        (name, field)
        for name, fields in _emitted()
        for field in fields - DOCUMENTED[name][0]
        if not DOCUMENTED[name][1]
    }

    assert undocumented == set()


def test_what_commands_write_has_the_documented_fields(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    submitted = forebay("run", *queries, "--timeout", "0.1", "--json").events
    batch = submitted[0]["batch"]
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), "line 1:8: no such column")
    hand.land(hand.begin_one())
    commands = (("ls",), ("lanes",), ("show", batch), ("show", batch, "charges"), ("watch", batch, "--timeout", "0"))
    told = [event for command in commands for event in forebay(*command, "--json").events]

    assert {event["event"] for event in told} >= {"batch", "lane", "run", "cause", "result"}
    assert [event for event in (*submitted, *told) if _unknown_fields(event)] == []


def _unknown_fields(event: dict[str, Any]) -> set[str]:
    fields, more = DOCUMENTED[event["event"]]
    return set() if more else set(event) - fields - {"event"}


@pytest.mark.parametrize("kind", CauseKind)
def test_no_two_causes_are_one_and_each_is_documented(kind: CauseKind) -> None:
    assert f"`{kind}`" in PAGE
