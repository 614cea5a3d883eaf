"""What an older Forebay wrote of a closing is still read."""

from forebay.store.ledger.outcomes import Check

CHECK = {"check": "rows", "name": "fees", "account": None, "ok": False}


def test_a_finding_is_read_by_the_name_that_it_once_had() -> None:
    older = Check.model_validate({**CHECK, "said": "0 records, fewer than 1"})

    assert older == Check.model_validate({**CHECK, "finding": "0 records, fewer than 1"})
    assert "said" not in older.model_dump()
