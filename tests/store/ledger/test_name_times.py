"""Moments in names: what is written is read, and no name of another's is taken for one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.name_times import minute, moment_in, second
from forebay.store.ledger.sent_records import SentMinute, SentRun

NOW = datetime(2026, 11, 29, 1, 38, 13, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.timezones()))  # noqa: DTZ001  # as hypothesis wants it
def test_what_is_written_is_read(moment: datetime) -> None:
    at = moment.astimezone(UTC)

    assert moment_in(second(moment)) == at.replace(microsecond=0)
    assert moment_in(minute(moment)) == at.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    "name", ["", "notes", "20261129", "20261129T013813", "20261329T0138Z", "20261129T138Z", "20261129T0138Z ", "２０"]
)
def test_another_name_is_none(name: str) -> None:
    assert moment_in(name) is None


def test_what_others_laid_into_the_ledgers_folders_stops_nobody(store: Store) -> None:
    ledger = Ledger(store)
    ledger.sent.write(NOW, "node", SentMinute({"l": {"b": [(0, 0)]}}))
    ledger.open_marks.accept("b", NOW)
    ledger.spent.claim("fees", NOW.date(), "b", 3)
    for folder in ("sent", "open", "open/b", "writing", "writing/b", "spent", "spent/20261129/fees/b"):
        for name in ("README.json", ".DS_Store", "accepted-later", "20261329T0138Z-node.json"):
            store.put(f"{folder}/{name}", b"not ours")

    assert ledger.sent.may_be_alive(NOW) == {"l": {SentRun("b", 0, 0)}}
    ledger.sent.sweep(NOW + timedelta(days=1))
    assert list(ledger.open_marks.all()) == ["b"]
    assert [(claim.who, claim.runs) for claim in ledger.spent.claims("fees", NOW.date())] == [("b", 3)]
    assert ledger.sweep(NOW + timedelta(days=9)) == 0
    assert len(list(store.list("sent/"))) == 4
