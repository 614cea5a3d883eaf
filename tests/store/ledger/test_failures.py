import json
import pickle
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.outcomes import FailureGroup
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import FailureRecord

FOLLOWS = ("ended_at_stripe", "has_result", "is_wall", "is_deterministic", "is_quotable")


def failure(word: str) -> FailureRecord:
    return FailureRecord(
        attempt=0,
        error_class=FailureClass(word),
        code=None,
        message="m",
        query_run="qryrun_1",
        request_id=None,
        at=datetime(2026, 10, 1, tzinfo=UTC),
    )


def test_what_follows_from_each_class():
    follows = {each: [name for name in FOLLOWS if getattr(each, name)] for each in FailureClass}
    assert {each: names for each, names in follows.items() if names} == {
        "sql": ["ended_at_stripe", "is_deterministic"],
        "request": ["is_deterministic", "is_quotable"],
        "too_big": ["ended_at_stripe", "is_wall", "is_quotable"],
        "too_long": ["ended_at_stripe", "is_wall", "is_quotable"],
        "canceled_at_stripe": ["ended_at_stripe", "is_quotable"],
        "provider": ["ended_at_stripe"],
        "not_found": ["ended_at_stripe", "is_quotable"],
        "auth": ["is_quotable"],
        "transfer": ["has_result", "is_quotable"],
        "sink": ["has_result", "is_quotable"],
    }


def test_the_way_out_names_stripes_limits():
    assert "compressed already" in FailureClass.TOO_BIG.advice
    assert "90 minutes" in FailureClass.TOO_LONG.advice
    assert "90 days" in FailureClass.TRANSFER.advice == FailureClass.SINK.advice
    assert FailureClass.SQL.advice == FailureClass("embargo").advice == ""


def test_the_words_of_ledgers_that_exist_stay_as_they_are():
    words = "sql request too_big too_long provider not_found auth bug transfer sink"
    quota = "quota.concurrency quota.rate quota.http quota.unknown"
    assert {*FailureClass} >= {*words.split(), *quota.split()}


def test_a_class_that_a_newer_ledger_has_is_kept_and_nothing_follows_from_it():
    kind = RecordKind(TypeAdapter(FailureRecord), str)
    record = json.loads(kind.dump(failure("sql"))) | {"error_class": "embargo"}

    read = kind.load("key", json.dumps(record).encode())

    assert isinstance(read.error_class, FailureClass)
    assert (read.error_class, str(read.error_class), read.error_class.value) == ("embargo",) * 3
    assert [name for name in FOLLOWS if getattr(read.error_class, name)] == []
    assert json.loads(kind.dump(replace(read, retried=True)))["error_class"] == "embargo"
    assert read.error_class not in set(FailureClass) and len(FailureClass) == 15


@pytest.mark.parametrize("word", ["sql", "embargo"])
def test_a_class_is_the_same_after_a_copy_and_a_journey(word: str):
    kind = FailureClass(word)

    assert {kind: 1}[FailureClass(word)] == 1
    assert deepcopy(kind) == pickle.loads(pickle.dumps(kind)) == kind


@pytest.mark.parametrize("word", ["sql", "embargo"])
def test_the_groups_of_a_closing_keep_the_class_too(word: str):
    group = FailureGroup.model_validate_json(json.dumps({"error_class": word, "message": "m", "count": 2}))

    assert isinstance(group.error_class, FailureClass)
    assert json.loads(group.model_dump_json())["error_class"] == word


@pytest.mark.parametrize("word", [None, 7, ["sql"]])
def test_what_is_no_word_is_no_class(word: object):
    with pytest.raises(ValueError, match="is not a valid FailureClass"):
        FailureClass(word)
