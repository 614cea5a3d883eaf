"""What is read back from Parquet, by readers not written here, is what was sent, by the rules of docs/landing.md."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.result_columns import Nulls
from forebay.landing import parquet_extra
from forebay.landing.errors import ExtraMissing, NoTable, TransferBroken
from forebay.landing.formats import parquet as module
from forebay.landing.formats import parquet_file
from forebay.landing.formats.column_rules import ColumnRules
from forebay.landing.formats.parquet import names_of, parquet
from forebay.landing.formats.stored_table import StoredColumn
from forebay.landing.rows import read_rows
from forebay.store.local import LocalStore
from forebay.store.local_writer import LocalWriter
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store
from tests.landing.formats.parquet_reading import ANY_NUMBER_OF_STORES, by_duckdb, named, rows, table
from tests.landing.test_csv_blocks import written

TEXT = st.text(st.characters(codec="utf-8", exclude_characters=""), max_size=20) | st.sampled_from(
    ['"', "\n", "\r\n", "\r", "\x00", "NULL", "0", " ", "\ufeff"]
)


WIDE = st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=20))


@ANY_NUMBER_OF_STORES
@given(
    sent=WIDE,
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    last_newline=st.booleans(),
    zips=st.booleans(),
    piece=st.integers(1, 300),
    block=st.integers(1, 300),
    group=st.integers(1, 1000),
    nulls=st.sampled_from(Nulls),
)
def test_texts_are_read_back_as_they_were_sent(
    stored: Store,
    tmp_path_factory: pytest.TempPathFactory,
    sent: list[list[str]],
    end: str,
    bom: bytes,
    last_newline: bool,
    zips: bool,
    piece: int,
    block: int,
    group: int,
    nulls: Nulls,
):
    header = [f"c{place}" for place in range(len(sent[0]) if sent else 2)]
    data = bom + written([header, *sent], end)
    data = data if last_newline else data.removesuffix(end.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block)
        patch.setattr(parquet_file, "GROUP_BYTES", group)
        result = stored(
            parquet,
            zipped(data) if zips else data,
            "zip" if zips else "csv",
            piece=piece,
            columns=ColumnRules(nulls=nulls),
        )

    empty = None if nulls is Nulls.EMPTY else ""
    wanted = [[text or empty for text in row] for row in sent]
    assert rows(result) == wanted
    assert by_duckdb(result, tmp_path_factory.getbasetemp()) == [tuple(row) for row in wanted]
    assert table(result).column_names == header
    assert result.content.records == len(sent)
    assert list(read_rows(iter([result.data]), "parquet", 0)) == [header, *sent]


def test_the_column_of_a_misfit_is_text_where_misfits_are_kept(stored: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 4000)
    good = [[str(place), "1.5", "true"] for place in range(2000)]
    sent = [*good, ["2000", "1.5", "perhaps"], *good, ["4001", "a lot", "true"]]
    data = written([["n", "d", "b"], *sent])
    rules = ColumnRules(named=named(n="bigint", d="decimal(38,2)", b="boolean").named, keep_misfits=True)

    for content_type, delivered in (("csv", data), ("zip", zipped(data))):
        result = stored(parquet, delivered, content_type, columns=rules, piece=1000)

        assert rows(result) == [[int(n), d, b] for n, d, b in sent]
        assert result.output.table is not None
        assert result.output.table.columns == (
            StoredColumn(name="n", type="bigint"),
            StoredColumn(name="d", type="text", misfit="row 4002 of column 'd' is no decimal(38,2)"),
            StoredColumn(name="b", type="text", misfit="row 2001 of column 'b' is no boolean"),
        )
        assert result.content.records == len(sent)


def test_a_file_that_is_begun_anew_takes_the_place_of_the_former(
    stored: Store, folder: LocalStore, monkeypatch: pytest.MonkeyPatch
):
    """However many columns have misfits, it is begun anew once, and one upload waits for its end."""
    opened, most, begun = [0], [0], [0]
    writer = folder.writer

    @contextmanager
    def counted(key: str, **words: Any) -> Iterator[LocalWriter]:
        opened[0] += 1
        begun[0] += 1
        most[0] = max(most[0], opened[0])
        with writer(key, **words) as one:
            yield one
        opened[0] -= 1

    monkeypatch.setattr(folder, "writer", counted)
    names = [f"c{place}" for place in range(9)]
    rules = ColumnRules(named=named(**dict.fromkeys(names, "bigint")).named, keep_misfits=True)

    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    sent = [["x" if place == row else "1" for place in range(9)] for row in range(9)]

    result = stored(parquet, written([names, *sent]), "csv", columns=rules)

    assert rows(result) == sent
    assert (opened, most, begun) == ([0], [1], [2])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it has no header"),
        (b"a,b\n1,2\n3\n", "row 2 has 1 fields, and its header 2"),
        (b"a,b\n1,2,3\n", "row 1 has 3 fields, and its header 2"),
        (b'a,b\n1,"2\n', "quotes do not pair up"),
        (b"a,b\n1,2\r3,4\n", "a carriage return stands alone"),
        (b"a,b\nx,y\n1,\xff\n", "row 2 of column 'b' is no text in UTF-8"),
        (b'a\n"' + b"x" * 200 + b'"\n', "a record of it is longer than 0 MiB"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence_with_the_way_out(
    stored: Store, monkeypatch: pytest.MonkeyPatch, data: bytes, words: str
):
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(module, "MOST_RECORD_BYTES", 100)
    with pytest.raises(NoTable, match=r"^the result cannot be a table: ") as error:
        stored(parquet, zipped(data), "zip")

    assert words in str(error.value)
    assert str(error.value).endswith("; a format of CSV (csv.gz) stores it as it is")


@pytest.mark.parametrize("rules", [named(a="bigint"), ColumnRules(named=named(a="bigint").named, keep_misfits=True)])
@pytest.mark.parametrize("data", [b"a,b\n1,2\n3,4\n", b'a,b\n1,"2 and more"\n', b"a,b\nx,2\n3,4\n"])
def test_what_came_cut_is_fetched_again_and_not_blamed(
    stored: Store, monkeypatch: pytest.MonkeyPatch, data: bytes, rules: ColumnRules
):
    for cut in range(len(data)):
        with pytest.raises(TransferBroken):
            stored(parquet, zipped(data)[: -len(data) + cut], "zip", columns=rules)


def test_ten_megabytes_in_one_field_are_a_value_as_any(stored: Store):
    large = 'line "1",\n' * 1_000_000

    result = stored(parquet, written([["id", "text"], ["1", large], ["2", "x"]]), "csv")

    assert rows(result) == [["1", large], ["2", "x"]]


def test_an_empty_line_of_one_column_is_a_null(stored: Store):
    assert rows(stored(parquet, b"n\n1\n\n3\n", "csv", columns=named(n="bigint"))) == [[1], [None], [3]]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["id", "id", "ID"], ["id", "id_2", "ID_3"]),
        (["id", "id", "id_2"], ["id", "id_3", "id_2"]),
        (["", "a", ""], ["_col0", "a", "_col2"]),
        (["", "_col0"], ["_col0_2", "_col0"]),
    ],
)
def test_each_name_is_there_once(header: Sequence[str], names: list[str]):
    assert names_of(header) == names


def test_names_of_very_many_columns_are_found_as_fast_as_they_are_read():
    assert names_of(["a"] * 30_000)[-1] == "a_30000"


@given(st.lists(st.sampled_from(["a", "A", "a_2", "A_2", "", "_col0", "b"]), max_size=8))
def test_no_reader_takes_two_columns_for_one(header: list[str]):
    names = names_of(header)

    assert len({name.lower() for name in names}) == len(header)
    if len({name.lower() for name in header}) == len(header) and "" not in header:
        assert names == header


def test_two_columns_of_one_name_keep_their_values(stored: Store):
    result = stored(parquet, b"id,id\n1,2\n", "csv", columns=named(id="bigint"))

    assert table(result).to_pydict() == {"id": [1], "id_2": [2]}
    assert result.content.columns == ("id", "id")


def test_a_worker_without_the_extra_says_what_it_lacks_and_may_be_mended(
    stored: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parquet_extra, "missing", lambda: "format parquet needs pyarrow")

    with pytest.raises(ExtraMissing, match=r"this worker has not: pip install 'forebay\[parquet\]' where") as error:
        stored(parquet, b"a\n", "csv")

    assert error.value.retry
