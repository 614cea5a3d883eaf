import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.by_account.account_column import AccountColumn, records
from forebay.landing.errors import NoTable
from tests.landing.test_csv_blocks import written

TEXTS = st.text(st.sampled_from('ab", \r\n\x00é'), max_size=8)
OWNERS = st.sampled_from(["acct_1", "acct_2", "acct_3"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, list[tuple[str, bytes, bytes]]]:
    """A place, and records: whose each is, as it stands, and as it would stand without that."""
    width = draw(st.integers(2, 4))
    place = draw(st.integers(0, width - 1))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    made = []
    for _ in range(draw(st.integers(1, 12))):
        owner, others = draw(OWNERS), [draw(TEXTS) for _ in range(width - 1)]
        quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
        fields = [written([[text, ""]], "\r\n", quoting).rpartition(b",")[0] for text in (owner, *others)]
        line = [*fields[1 : place + 1], fields[0], *fields[place + 1 :]]
        made.append((owner, b",".join(line) + end.encode(), b",".join(fields[1:]) + end.encode()))
    return place, made


@given(table=tables(), keep=st.booleans())
def test_each_record_goes_to_its_account_as_it_came_or_without_the_one_field(
    table: tuple[int, list[tuple[str, bytes, bytes]]], keep: bool
):
    place, rows = table

    groups = AccountColumn(place, keep=keep).by_account(b"".join(line for _, line, _ in rows))

    found = {account: b"".join(own + b"\n" for own in lines) for account, lines in groups.items()}
    wanted = {
        owner: b"".join(line if keep else rest for whose, line, rest in rows if whose == owner)
        for owner in {whose for whose, _, _ in rows}
    }
    assert found == wanted


@pytest.mark.parametrize(
    "record",
    [
        b"x,,1",
        b'x,"",1',
        b"x,cus_1,1",
        b"x,acct_1 ,1",
        b"x,acct_" + b"a" * 300 + b",1",
        b"x,acct_\xff,1",
        b"x",
        b"",
    ],
    ids=lambda record: record[:20].decode("latin-1") or "empty",
)
def test_what_names_no_account_is_kept_whole(record: bytes):
    assert AccountColumn(1, keep=False).by_account(b"a,acct_1,b\n" + record + b"\n") == {
        "acct_1": [b"a,b"],
        None: [record],
    }


def test_a_record_whose_quotes_do_not_pair_up_is_refused():
    with pytest.raises(NoTable, match="quotes do not pair up"):
        AccountColumn(1, keep=False).by_account(b'x,"acct_1"",1\n')


def test_the_same_account_with_quotes_and_without_is_one_and_its_records_keep_their_order():
    block = b'1,acct_1\n2,"acct_1"\n3,acct_1\r\n4,acct_2/acct_1\n'

    assert AccountColumn(1, keep=False).by_account(block) == {
        "acct_1": [b"1", b"2", b"3\r"],
        "acct_2/acct_1": [b"4"],
    }


def test_past_the_most_accounts_records_are_nobodys_and_that_is_known():
    column = AccountColumn(0, keep=False, most_accounts=2)

    groups = column.by_account(b"acct_1,1\nacct_2,2\nacct_3,3\nacct_1,4\n")

    assert groups == {"acct_1": [b"1", b"4"], "acct_2": [b"2"], None: [b"acct_3,3"]}
    assert column.too_many


def test_a_line_break_in_quotes_ends_no_record():
    assert list(records(b'a,"b\n\nc",d\n\ne\n')) == [b'a,"b\n\nc",d', b"", b"e"]
