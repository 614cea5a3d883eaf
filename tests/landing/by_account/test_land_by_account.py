import random
import tempfile
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from forebay.config.result_columns import ColumnType
from forebay.landing import spool
from forebay.landing.by_account.land_by_account import LandedByAccount, land_by_account
from forebay.landing.errors import CorruptZip, NoTable, TransferBroken
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.column_rules import ColumnRules
from forebay.landing.formats.format import Limits
from forebay.landing.land import land
from forebay.landing.rows import read_rows
from forebay.store.errors import Unavailable
from forebay.store.interface import Writer
from forebay.store.ledger.by_account import ByAccount
from forebay.store.local import LocalStore
from forebay.store.s3 import S3Store
from tests.landing.conftest import Answer, Origin, sending, zipped

MIB = 1 << 20
#: The files that this process has opened.
FILES = Path("/proc/self/fd")
ACCOUNTS = [f"acct_{number:03d}" for number in range(300)]
RULES = ByAccount(column="merchant_id", expected=("acct_000", "acct_none"))
CSV = b'id,merchant_id,amount,note\r\n1,acct_b,7,"a ""b""\r\nc"\r\n2,acct_a,8,\r\n3,acct_b,9,x\r\n'

Lander = Callable[..., LandedByAccount]


def stem_of(account: str | None) -> str:
    return f"account={account}/q" if account else "q"


@pytest.fixture
def landed(fetcher: Fetcher, origin: Origin, folder: LocalStore) -> Lander:
    def run(answer: Answer, **options: Any) -> LandedByAccount:
        given = {
            "content_type": "zip",
            "size": None,
            "store": folder,
            "stem_of": stem_of,
            "by_account": RULES,
            "result_format": "csv",
            **options,
        }
        return land_by_account(fetcher, origin.url(answer), **given)

    return run


def many(rows: int, accounts: int = 300, digits: int = 1) -> tuple[bytes, dict[str, list[bytes]]]:
    """An organization's CSV in random order, and the records of each account; with so many digits they are long."""
    dice = random.Random(7)
    own: dict[str, list[bytes]] = {account: [] for account in ACCOUNTS[:accounts]}
    lines = [b"id,merchant_id,amount,note\n"]
    for number in range(rows):
        account = dice.choice(ACCOUNTS[:accounts])
        head, tail = b"ch_%d" % number, b'%d,"Invoice, ""no""\n%0*d"\n' % (dice.getrandbits(30), digits, number)
        lines.append(b"%b,%b,%b" % (head, account.encode(), tail))
        own[account].append(b"%b,%b" % (head, tail))
    return b"".join(lines), own


def test_each_account_lands_as_a_result_of_its_own_would(landed: Lander, folder: LocalStore):
    result = landed(sending(zipped(CSV)))

    assert {account: folder.get(each.key) for account, each in result.results} == {
        "acct_000": b"id,amount,note\r\n",
        "acct_a": b"id,amount,note\r\n2,8,\r\n",
        "acct_b": b'id,amount,note\r\n1,7,"a ""b""\r\nc"\r\n3,9,x\r\n',
        "acct_none": b"id,amount,note\r\n",
    }
    assert (result.records, result.csv_bytes, result.problem) == (3, len(CSV), None)
    assert result.columns == ("id", "merchant_id", "amount", "note")
    assert [each.records for _, each in result.results] == [0, 1, 2, 0]
    assert result.bytes == sum(folder.size(key) or 0 for key in folder.list())


@pytest.mark.parametrize("result_format", ["auto", "csv", "zip", "csv.gz", "csv.zst", "parquet"])
def test_in_each_format_what_lands_is_what_a_result_of_its_own_lands_as(
    landed: Lander, fetcher: Fetcher, origin: Origin, folder: LocalStore, result_format: str
):
    columns = ColumnRules(
        told=tuple((name, ColumnType.parse("text")) for name in ("id", "merchant_id", "amount", "note"))
    )
    result = landed(sending(zipped(CSV)), result_format=result_format, columns=columns)
    plain = dict(landed(sending(zipped(CSV)), stem_of=lambda account: f"plain/{account}").results)

    for account, each in result.results:
        own = folder.get(plain[account].key)
        alone = land(
            fetcher,
            origin.url(sending(zipped(own))),
            content_type="zip",
            size=None,
            store=folder,
            stem=f"alone/{account}",
            result_format=result_format,
        )
        assert (each.csv_sha256, each.records, each.columns) == (alone.csv_sha256, alone.records, alone.columns)
        if result_format not in ("zip", "csv.gz"):  # compressed by Stripe there, and here
            assert (each.sha256, each.bytes, each.table) == (alone.sha256, alone.bytes, alone.table)
        rows = read_rows(folder.open(each.key), each.format, each.csv_bytes)
        assert list(rows) == list(read_rows(folder.open(alone.key), alone.format, alone.csv_bytes))


def test_large_accounts_are_zipped_and_small_ones_plain_where_the_format_is_auto(landed: Lander, folder: LocalStore):
    result = landed(sending(zipped(CSV)), result_format="auto", limits=Limits(large_csv_bytes=30))

    assert [each.format for _, each in result.results] == ["csv", "csv", "csv.zip", "csv"]


def test_into_s3_each_object_is_whole_and_no_upload_is_left(
    landed: Lander, folder: LocalStore, s3_store: S3Store
) -> None:
    csv, _ = many(1000, accounts=20)
    # One account is larger than a part of an upload.
    csv += b"".join(b"big,acct_000,%d,%01000d\n" % (number, number) for number in range(6_000))

    result = landed(sending(zipped(csv)), store=s3_store, memory_bytes=MIB)

    assert result.results[0][1].bytes > 5 * MIB
    for (_, each), (_, plain) in zip(result.results, landed(sending(zipped(csv))).results, strict=True):
        assert (each.sha256, each.bytes) == (plain.sha256, plain.bytes)
        assert s3_store.get(each.key) == folder.get(plain.key)


class Watched(LocalStore):
    """A folder that counts how many of its objects are being written at once."""

    open_writers = most_writers = 0

    def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[Any]:
        inner = super().writer(key, content_type=content_type)
        store = self

        class Counted(AbstractContextManager[Writer]):
            def __enter__(self) -> Writer:
                store.open_writers += 1
                store.most_writers = max(store.most_writers, store.open_writers)
                return inner.__enter__()

            def __exit__(self, *how: Any) -> bool | None:
                store.open_writers -= 1
                return inner.__exit__(*how)

        return Counted()


@pytest.mark.parametrize("result_format", ["csv", "parquet"])
def test_three_hundred_accounts_take_bounded_memory_one_writer_and_one_file(
    landed: Lander, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result_format: str
):
    csv, own = many(20_000, digits=2000)
    body = zipped(csv)
    opened: list[Any] = []
    temporary = tempfile.SpooledTemporaryFile

    def counted(*args: Any, **options: Any) -> Any:
        opened.append(temporary(*args, **options))
        return opened[-1]

    monkeypatch.setattr(spool, "SpooledTemporaryFile", counted)
    store = Watched(tmp_path / "out")
    files: list[int] = []
    before = len(list(FILES.iterdir()))
    tracemalloc.start()
    try:
        result = landed(
            sending(body),
            store=store,
            result_format=result_format,
            memory_bytes=4 * MIB,
            progress=lambda _: files.append(len(list(FILES.iterdir()))),
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [account for account, _ in result.results] == [*ACCOUNTS, "acct_none"]
    assert [each.records for _, each in result.results] == [*(len(own[account]) for account in ACCOUNTS), 0]
    assert store.most_writers == 1
    assert len(opened) == 1
    # The connection, the spool, the object and its folder.
    assert max(files) - before <= 8
    # 4 MiB wait; a block of as much, its records one by one, and the read-ahead are in hand.
    assert len(csv) > 38 * MIB
    assert peak < 30 * MIB
    if result_format == "csv":
        wanted = {account: b"id,amount,note\n" + b"".join(lines) for account, lines in own.items()}
        assert {account: store.get(each.key) for account, each in result.results if account in own} == wanted


def test_duckdb_reads_the_hive_tree_and_finds_each_row_under_its_account(
    landed: Lander, folder: LocalStore, tmp_path: Path
):
    csv, own = many(5000)
    landed(sending(zipped(csv)), result_format="parquet")

    rows = duckdb.sql(
        f"SELECT account, count(*), sum(amount::BIGINT) FROM read_parquet('{tmp_path}/out/*/*.parquet', "
        "hive_partitioning = true) GROUP BY account ORDER BY account"
    ).fetchall()

    assert [(account, count) for account, count, _ in rows] == [
        (each, len(own[each])) for each in ACCOUNTS if own[each]
    ]
    total = sum(int(line.split(b",")[1]) for lines in own.values() for line in lines)
    assert sum(amount for _, _, amount in rows) == total


def test_what_names_no_account_lands_beside_the_others_with_the_reason(landed: Lander, folder: LocalStore):
    result = landed(sending(zipped(b"id,merchant_id\n1,acct_a\n2,\n")), by_account=ByAccount(column="merchant_id"))

    assert {account: folder.get(each.key) for account, each in result.results} == {
        "acct_a": b"id\n1\n",
        None: b"id,merchant_id\n2,\n",
    }
    assert result.problem == "1 of its records name no account in column 'merchant_id'"


def test_a_result_without_the_column_lands_whole_with_the_reason(landed: Lander, folder: LocalStore):
    result = landed(sending(zipped(CSV)), by_account=RULES.model_copy(update={"column": "account"}))

    assert {account: folder.get(each.key) for account, each in result.results} == {None: CSV}
    assert result.problem == "the result has no column 'account'; it has id, merchant_id, amount, note"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: sending(zipped(CSV)[:-30] + bytes(30)), CorruptZip),
        (lambda: sending(zipped(b'id,merchant_id\n1,"acct_a\n')), NoTable),
        (lambda: sending(zipped(b"")), NoTable),
    ],
    ids=["a damaged zip", "quotes that do not pair up", "nothing"],
)
def test_what_is_not_whole_or_cannot_be_told_apart_leaves_nothing(
    landed: Lander, folder: LocalStore, answer: Callable[[], Answer], error: type[Exception]
):
    with pytest.raises(error):
        landed(answer())
    assert list(folder.list()) == []


def test_a_spool_that_changed_between_two_readings_is_found(
    landed: Lander, folder: LocalStore, monkeypatch: pytest.MonkeyPatch
):
    piece = spool.Spool.piece

    def flipped(self: spool.Spool, at: int, size: int) -> bytes:
        data = bytearray(piece(self, at, size))
        data[len(data) // 2] ^= 1
        return bytes(data)

    monkeypatch.setattr(spool.Spool, "piece", flipped)
    with pytest.raises(TransferBroken, match="changed between two readings"):
        landed(sending(zipped(CSV)), memory_bytes=0)


def test_a_store_that_refuses_one_account_lands_it_with_the_next_try_and_the_same_bytes(landed: Lander, tmp_path: Path):
    class Full(LocalStore):
        room = 2

        def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[Any]:
            self.room -= 1
            if self.room < 0:
                raise Unavailable("no space left")
            return super().writer(key, content_type=content_type)

    store, whole = Full(tmp_path / "out"), LocalStore(tmp_path / "whole")
    landed(sending(zipped(CSV)), store=whole)
    with pytest.raises(Unavailable):
        landed(sending(zipped(CSV)), store=store)
    store.room = 100
    result = landed(sending(zipped(CSV)), store=store)

    assert sorted(store.list()) == sorted(each.key for _, each in result.results)
    for _, each in result.results:
        assert store.get(each.key) == whole.get(each.key)
