"""Each exception says whether whoever is asked once more may answer otherwise, which is what orchestrators go by."""

from __future__ import annotations

import pytest

from forebay_client import (
    AuthRefused,
    BatchFailed,
    BatchStatus,
    ChecksFailed,
    ForebayError,
    InputRefused,
    KeyTaken,
    NotFound,
    SafetyStop,
    ServiceFault,
    StillRunning,
    Unreachable,
)
from tests.client.told import batch_facts


def failed(*classes: str, state: str = "failed") -> BatchFailed:
    causes = [{"error_class": each, "message": f"of {each}", "count": 1} for each in classes]
    facts = batch_facts(state=state, ended=True, exit=1, failed=len(classes), failures=causes)
    return BatchFailed("it failed", batch=BatchStatus.of(facts))


@pytest.mark.parametrize("kind", [AuthRefused, ChecksFailed, InputRefused, KeyTaken, NotFound, SafetyStop])
def test_what_wants_a_person_stays_as_it_is(kind: type[ForebayError]) -> None:
    assert not kind("no").another_try_may_help


@pytest.mark.parametrize("kind", [ServiceFault, StillRunning, Unreachable])
def test_what_time_mends_may_end_otherwise(kind: type[ForebayError]) -> None:
    assert kind("not yet").another_try_may_help


def test_what_a_server_says_of_a_moment_may_end_otherwise_whatever_it_is() -> None:
    assert InputRefused("Redis is away", may_try_again=True).another_try_may_help


@pytest.mark.parametrize(
    ("classes", "helps"),
    [
        (("sql",), False),
        (("too_long",), False),
        (("sql", "too_big", "too_long", "request"), False),
        (("provider",), True),
        (("sql", "transfer"), True),
    ],
)
def test_failed_runs_may_land_unless_all_of_them_would_fail_again(classes: tuple[str, ...], *, helps: bool) -> None:
    assert failed(*classes).another_try_may_help is helps


@pytest.mark.parametrize("classes", [(), ("provider",)])
def test_what_somebody_canceled_stays_so(classes: tuple[str, ...]) -> None:
    assert not failed(*classes, state="canceled").another_try_may_help
