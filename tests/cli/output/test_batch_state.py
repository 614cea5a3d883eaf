"""How a batch stands is one word, whoever asks."""

import dataclasses
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from forebay.cli.output.batch_state import BatchState, batch_state
from forebay.governor.seen import PauseView
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.outcomes import Closing, Coverage, Stop
from tests.cli.output.test_display import BATCH, SNAPSHOT
from tests.source import ROOT

OF_SPEC = dataclasses.replace(BATCH, policy=Policy(definition="fees", kind="batch", spec_sha256="0"))
PAUSED = PauseView(reason="month end", since_ms=0)
STOP = Stop(at=datetime.now(UTC), by="canary", reason="it failed")


@pytest.mark.parametrize(
    ("progress", "state"),
    [
        ({"waiting": 40, "held": 0, "ready": 0, "landed": 0, "failed": 0}, "queued"),
        ({}, "running"),
        ({"canary_out": True}, "canary"),
        ({"paused": PAUSED}, "paused"),
        ({"canceling": True, "paused": PAUSED}, "canceling"),
        ({"known": False}, "lost"),
        ({"done": True, "landed": 40}, "landed"),
        ({"done": True, "landed": 39, "failed": 1}, "partial"),
        ({"done": True, "landed": 0, "failed": 40}, "failed"),
        ({"done": True, "canceling": True, "canceled": 3}, "canceled"),
        ({"done": True, "known": False, "landed": 40}, "landed"),
    ],
)
def test_of_plain_queries(progress: dict[str, Any], state: str) -> None:
    assert batch_state(BATCH, dataclasses.replace(SNAPSHOT.progress, **progress), None, None) == state


def test_of_the_spec_the_closer_knows_better() -> None:
    done = dataclasses.replace(SNAPSHOT.progress, done=True, landed=40)
    paused = dataclasses.replace(SNAPSHOT.progress, paused=PAUSED)

    assert batch_state(OF_SPEC, done, None, None) == "closing"
    assert batch_state(OF_SPEC, done, _closing("checks_failed"), None).words == "checks failed"
    assert batch_state(OF_SPEC, paused, None, STOP) == "stopped"
    assert batch_state(OF_SPEC, paused, None, STOP.model_copy(update={"resumed": True})) == "paused"


@pytest.mark.parametrize("outcome", ["landed", "partial", "failed", "checks_failed", "stopped", "canceled"])
def test_each_outcome_is_a_state_and_settles_it(outcome: str) -> None:
    assert batch_state(OF_SPEC, dataclasses.replace(SNAPSHOT.progress, done=True), _closing(outcome), None).settled


def _closing(outcome: Any) -> Closing:
    return Closing(
        at=datetime.now(UTC),
        outcome=outcome,
        runs=40,
        landed=40,
        failed=0,
        canceled=0,
        stored_bytes=0,
        records=0,
        coverage=Coverage(expected=0, landed=0),
    )


def test_no_two_words_are_one_state() -> None:
    assert len({state.words for state in BatchState}) == len(BatchState)


def test_the_docs_explain_each_word() -> None:
    section = (ROOT / "docs/cli.md").read_text().partition("## How a batch stands")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]

    assert {word for row in rows for word in re.findall(r"`([a-z ]+)`", row)} == {state.words for state in BatchState}
