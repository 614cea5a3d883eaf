"""What is taken of a definition's day stands in the ledger, each claim by itself, and who claims twice once."""

from datetime import date

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.spent_records import SpentRecords

DAY, NEXT = date(2026, 11, 22), date(2026, 11, 23)


def test_what_is_taken_of_a_definition_and_a_day_is_told_by_one_list(store: Store) -> None:
    spent = SpentRecords(store)
    spent.claim("fees", DAY, "fees.a/b", 10)
    spent.claim("fees", DAY, "fees.a/b", 10)
    spent.claim("fees", DAY, "fees.c+d", 3)
    spent.claim("fees", NEXT, "fees.d", 4)
    spent.claim("fees2", DAY, "x", 5)

    claims = spent.claims("fees", DAY)
    assert [(claim.who, claim.runs) for claim in claims] == [
        (segment("fees.a/b"), 10),
        (segment("fees.a/b"), 10),
        (segment("fees.c+d"), 3),
    ]
    assert len({claim.lot for claim in claims}) == 3
    assert spent.claims("fees2", NEXT) == []


def test_a_record_of_before_there_were_claims_counts(store: Store) -> None:
    store.put("spent/20261122/fees/b1/7", b"")
    spent = SpentRecords(store)
    spent.claim("fees", DAY, "b1", 7)

    assert [(claim.who, claim.runs) for claim in spent.claims("fees", DAY)] == [("b1", 7), ("b1", 7)]


def test_what_is_taken_back_is_not_told(store: Store) -> None:
    spent = SpentRecords(store)
    spent.take_back(spent.claim("fees", DAY, "fees.a/b", 10))
    spent.claim("fees", DAY, "fees.c", 3)

    assert [claim.who for claim in spent.claims("fees", DAY)] == ["fees.c"]
