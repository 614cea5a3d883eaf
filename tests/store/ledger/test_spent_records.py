"""What was spent of a definition's day stands in the ledger, each batch once."""

from datetime import date

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.spent_records import SpentRecords

DAY, NEXT = date(2026, 11, 22), date(2026, 11, 23)


def test_batches_of_a_definition_and_a_day_are_told_by_one_list(store: Store) -> None:
    spent = SpentRecords(store)
    spent.add("fees", DAY, "fees.a/b", 10)
    spent.add("fees", DAY, "fees.a/b", 10)
    spent.add("fees", DAY, "fees.c", 3)
    spent.add("fees", NEXT, "fees.d", 4)
    spent.add("fees2", DAY, "x", 5)

    assert spent.of("fees", DAY) == {segment("fees.a/b"): 10, "fees.c": 3}
    assert spent.of("fees2", NEXT) == {}


def test_what_is_taken_back_is_not_told(store: Store) -> None:
    spent = SpentRecords(store)
    spent.add("fees", DAY, "fees.a/b", 10)
    spent.add("fees", DAY, "fees.c", 3)
    spent.remove("fees", DAY, "fees.a/b", 10)

    assert spent.of("fees", DAY) == {"fees.c": 3}
