import csv
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.by_account import sorted_result
from forebay.landing.by_account.account_spool import AccountSpool
from forebay.landing.by_account.sorted_result import SortedResult
from forebay.landing.errors import NoTable
from forebay.landing.spool import opened_spool
from forebay.store.ledger.by_account import ByAccount
from tests.landing.test_csv_blocks import written

RULES = ByAccount(column="merchant_id", expected=("acct_1", "acct_9"))
FIELDS = st.text(st.sampled_from('ab", \r\n\x00é'), max_size=8)
ROWS = st.lists(st.tuples(st.sampled_from(["acct_1", "acct_2", "acct_3", "", "nobody"]), FIELDS, FIELDS), max_size=30)


def sorted_csv(data: bytes, piece: int = 1 << 16, rules: ByAccount = RULES, **how: int) -> dict[str | None, bytes]:
    with opened_spool() as spool:
        result = SortedResult(rules, AccountSpool(spool, memory_bytes=how.get("memory_bytes", 1 << 20)))
        result.read(data[start : start + piece] for start in range(0, len(data), piece))
        return {account: b"".join(result.csv(account)) for account in result.accounts}


def problem_of(data: bytes, rules: ByAccount = RULES) -> str | None:
    with opened_spool() as spool:
        result = SortedResult(rules, AccountSpool(spool))
        result.read(iter([data]))
        return result.problem


@given(
    rows=ROWS,
    place=st.integers(0, 2),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    form=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    piece=st.integers(1, 60),
    block=st.integers(1, 200),
)
def test_for_any_csv_and_chunking_each_account_has_what_a_csv_of_its_own_rows_would_be(
    rows: list[tuple[str, str, str]],
    place: int,
    end: str,
    quoting: int,
    form: tuple[bool, bool, bool],
    piece: int,
    block: int,
):
    bom, ended, keep = form

    def made(lines: list[list[str]]) -> bytes:
        data = written(lines, end, quoting)
        return (b"\xef\xbb\xbf" if bom else b"") + (data if ended else data.removesuffix(end.encode()))

    def line(owner: str, others: tuple[str, str], *, own: bool) -> list[str]:
        return [*others[:place], *([owner] if own else []), *others[place:]]

    header = ("id", "note")
    whole = made([line("merchant_id", header, own=True), *(line(owner, others, own=True) for owner, *others in rows)])
    by_account: dict[str | None, list[list[str]]] = defaultdict(list)
    for owner, *others in rows:
        named = owner.startswith("acct_")
        by_account[owner if named else None].append(line(owner, tuple(others), own=keep or not named))
    for expected in RULES.expected:
        by_account[expected] += []
    wanted = {
        account: made([line("merchant_id", header, own=keep or account is None), *lines])
        for account, lines in by_account.items()
    }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_result, "BLOCK_BYTES", block)
        found = sorted_csv(whole, piece, RULES.model_copy(update={"keep": keep}), memory_bytes=100)

    assert found == wanted


def test_accounts_without_records_have_the_header_and_those_nobody_expects_are_there_too():
    assert sorted_csv(b"id,merchant_id,n\n1,acct_2,x\n") == {
        "acct_1": b"id,n\n",
        "acct_2": b"id,n\n1,x\n",
        "acct_9": b"id,n\n",
    }


def test_nothing_that_is_expected_and_nothing_that_was_found_is_the_whole():
    assert sorted_csv(b"id,merchant_id\n", rules=ByAccount(column="merchant_id")) == {None: b"id,merchant_id\n"}


UNSORTED = [
    (b"id,n\n1,2\n", "the result has no column 'merchant_id'; it has id, n"),
    (b"merchant_id,n,Merchant_ID\nacct_1,2,3\n", "the result has 2 columns 'merchant_id'"),
    (b"merchant_id\nacct_1\n", "the result has no other column than 'merchant_id', so nothing would be left"),
]


@pytest.mark.parametrize(("data", "words"), UNSORTED)
def test_what_cannot_be_sorted_is_nobodys_and_whole_with_the_reason(data: bytes, words: str):
    assert (problem_of(data) or "").startswith(words)
    assert sorted_csv(data)[None] == data


def test_records_that_name_no_account_are_nobodys_and_counted():
    data = b"merchant_id,n\nacct_1,2\n,3\ncus_1,4"
    assert problem_of(data) == "2 of its records name no account in column 'merchant_id'"
    assert sorted_csv(data) == {"acct_1": b"n\n2", "acct_9": b"n", None: b"merchant_id,n\n,3\ncus_1,4"}


def test_the_header_is_found_in_upper_and_lower_case_and_quotes():
    assert sorted_csv(b'\xef\xbb\xbf"Merchant_ID","n"\r\n"acct_2","1"\r\n', rules=ByAccount(column="merchant_id")) == {
        "acct_2": b'\xef\xbb\xbf"n"\r\n"1"\r\n'
    }


@pytest.mark.parametrize("data", [b"", b'merchant_id,n\nacct_1,"2\n'])
def test_records_that_cannot_be_told_apart_are_refused(data: bytes):
    with pytest.raises(NoTable):
        sorted_csv(data)
