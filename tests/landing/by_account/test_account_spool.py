import random
import tracemalloc
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.by_account.account_spool import AccountSpool
from forebay.landing.spool import opened_spool

MIB = 1 << 20
LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=5)
ADDED = st.lists(st.tuples(st.sampled_from(["acct_1", "acct_2", "acct_3", None]), LINES), max_size=30)


@given(added=ADDED, memory_bytes=st.integers(0, 200))
def test_each_account_gets_its_records_back_in_their_order_whatever_went_to_the_file(
    added: list[tuple[str | None, list[bytes]]], memory_bytes: int
):
    wanted: dict[str | None, list[bytes]] = defaultdict(list)
    with opened_spool() as spool:
        kept = AccountSpool(spool, memory_bytes=memory_bytes)
        for account, lines in added:
            kept.add(account, lines)
            wanted[account] += lines
            assert kept.waiting_bytes <= memory_bytes

        assert kept.accounts == {account for account in wanted if account}
        for account, lines in wanted.items():
            assert b"".join(kept.chunks(account)) == b"".join(line + b"\n" for line in lines)
            assert (kept.records(account), kept.size(account)) == (len(lines), sum(len(line) + 1 for line in lines))
        assert list(kept.chunks("acct_4")) == []


def test_of_hundreds_of_accounts_memory_holds_what_it_may_and_no_more():
    dice = random.Random(7)
    names = [f"acct_{number}" for number in range(300)]
    lines = [dice.randbytes(2000).hex().encode() for _ in range(50)]
    added = 0
    tracemalloc.start()
    try:
        with opened_spool() as spool:
            kept = AccountSpool(spool, memory_bytes=4 * MIB)
            while added < 64 * MIB:
                kept.add(dice.choice(names), lines)
                added += sum(map(len, lines))
            read = sum(len(chunk) for name in names for chunk in kept.chunks(name))
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read == sum(kept.size(name) for name in names)
    # What waits, and as much again as pieces are joined and packed; the spool keeps 4 MiB by itself.
    assert peak < 16 * MIB


def test_one_account_with_nearly_everything_is_read_back_in_pieces():
    with opened_spool() as spool:
        kept = AccountSpool(spool, memory_bytes=8 * MIB)
        for _ in range(20):
            kept.add("acct_1", [bytes(MIB)])

        assert max(map(len, kept.chunks("acct_1"))) <= 2 * MIB
