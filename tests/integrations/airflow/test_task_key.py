from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from airflow_provider_forebay.task_key import task_key

ASKED = {"queries": {"charges": "SELECT 1"}}


def key(*, run: str = "scheduled__2026-11-27T06:15:00+00:00", index: int = -1, **asked: object) -> str:
    return task_key("stripe", "charges", run, index, asked or ASKED)


def test_what_is_tried_again_has_the_same_key() -> None:
    assert key() == key()
    assert key().startswith("airflow/stripe/charges/scheduled__2026-11-27T06:15:00+00:00/")


def test_another_run_map_index_or_text_has_another_key() -> None:
    others = {key(run="manual__1"), key(index=0), key(index=1), key(queries={"charges": "SELECT 2"})}

    assert len({key(), *others}) == 5


def test_names_of_any_length_and_letters_are_told_apart_in_a_key_that_the_server_takes() -> None:
    keys = {task_key("d" * 250, "t" * 250, f"r\n{last}" * 80, 3, ASKED) for last in "ab"}

    assert len(keys) == 2
    assert all(len(each) <= 250 and each.isprintable() and each == each.strip() for each in keys)
