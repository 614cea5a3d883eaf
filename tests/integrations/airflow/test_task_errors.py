from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_forebay.task_errors import told_to_airflow
from forebay_client import NotFound, ServiceFault


def test_what_stays_as_it_is_fails_without_another_try() -> None:
    with pytest.raises(AirflowFailException), told_to_airflow():
        raise NotFound("no such extract")


def test_what_may_end_otherwise_is_tried_again() -> None:
    with pytest.raises(AirflowException) as raised, told_to_airflow():
        raise ServiceFault("not now")

    assert not isinstance(raised.value, AirflowFailException)


def test_the_way_out_is_told() -> None:
    with pytest.raises(AirflowFailException, match=r"no such extract \(forebay extracts\)"), told_to_airflow():
        raise NotFound("no such extract", way_out="forebay extracts")
