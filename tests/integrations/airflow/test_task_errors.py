from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_forebay.task_errors import told_to_airflow
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
from tests.integrations.airflow.scripted_server import batch_facts, failed


def fails(*classes: str, **facts: object) -> BatchFailed:
    return BatchFailed("it failed", batch=BatchStatus.of(batch_facts(**{**failed(*classes), **facts})))


NO_USE = [
    *(kind("no") for kind in (AuthRefused, ChecksFailed, InputRefused, KeyTaken, NotFound, SafetyStop)),
    fails("sql"), fails("too_long"), fails("sql", "too_big", "request"), fails("provider", state="canceled"),
]  # fmt: skip
MAY_HELP = [
    *(kind("later") for kind in (ServiceFault, StillRunning, Unreachable)),
    InputRefused("Redis is away", may_try_again=True), fails("provider"), fails("sql", "transfer"),
]  # fmt: skip


@pytest.mark.parametrize("error", NO_USE, ids=repr)
def test_what_stays_as_it_is_fails_without_another_try(error: ForebayError) -> None:
    with pytest.raises(AirflowFailException), told_to_airflow():
        raise error


@pytest.mark.parametrize("error", MAY_HELP, ids=repr)
def test_what_may_end_otherwise_is_tried_again(error: ForebayError) -> None:
    with pytest.raises(AirflowException) as raised, told_to_airflow():
        raise error

    assert not isinstance(raised.value, AirflowFailException)


def test_the_way_out_is_told() -> None:
    with pytest.raises(AirflowFailException, match=r"no such extract \(forebay extracts\)"), told_to_airflow():
        raise NotFound("no such extract", way_out="forebay extracts")
