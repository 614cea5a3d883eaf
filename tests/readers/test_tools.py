"""Each format is read back by what others wrote: tools of the shell where the machine has them, DuckDB, pyarrow."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from forebay.config.result_format import ResultFormat
from forebay.landing.formats.format import Limits
from forebay.landing.formats.registry import format_named
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store
from tests.landing.formats.parquet_reading import ANY_NUMBER_OF_STORES
from tests.landing.test_csv_blocks import written
from tests.landing.test_zipstream import made
from tests.readers.conftest import tool

#: By the container: how its tool tests it, and writes out what is in it.
TOOLS = {
    "csv.zip": (["unzip", "-tqq"], ["unzip", "-p"]),
    "csv.gz": (["gzip", "-t"], ["gzip", "-dc"]),
    "csv.zst": (["zstd", "-qt"], ["zstd", "-qdc"]),
}
#: As Stripe writes it: every field may have quotes, and hold line breaks.
ROWS = [["id", "description", "amount"], *([f"ch_{n}", f'line "{n}",\nnext', str(n)] for n in range(5000))]
FORMATS = [ResultFormat.ZIP, ResultFormat.GZIP, ResultFormat.ZSTD]
CSV = written(ROWS)
#: How a result may come: what is stored of it is made anew, or framed anew.
DELIVERED: dict[str, Callable[[], bytes]] = {
    "csv": lambda: CSV,
    "zip": lambda: zipped(CSV),
    "zip that was streamed": lambda: made(CSV, streamed=True),
    "zip64": lambda: made(CSV, wide=True),
    "zip64 that was streamed": lambda: made(CSV, streamed=True, wide=True),
    "zip without compression": lambda: made(CSV, method=zipfile.ZIP_STORED),
    "zip without compression that was streamed": lambda: made(CSV, method=zipfile.ZIP_STORED, streamed=True),
}


@pytest.mark.parametrize("delivered", DELIVERED)
@pytest.mark.parametrize("name", FORMATS)
def test_the_tool_of_a_format_takes_it_for_whole_and_finds_the_same_csv_in_it(
    stored: Store, tmp_path: Path, name: ResultFormat, delivered: str
):
    result = stored(format_named(name), DELIVERED[delivered](), "csv" if delivered == "csv" else "zip")
    tests, writes = TOOLS[result.output.format]
    tool(tests[0])
    path = tmp_path / f"fees.{result.output.format}"

    path.write_bytes(result.data)
    assert subprocess.run([*tests, str(path)], check=False).returncode == 0
    assert subprocess.run([*writes, str(path)], check=True, capture_output=True).stdout == CSV

    bad = bytearray(result.data)
    bad[len(bad) // 2] ^= 1
    path.write_bytes(bytes(bad))
    assert subprocess.run([*tests, str(path)], check=False, capture_output=True).returncode != 0


@pytest.mark.parametrize("name", [ResultFormat.CSV, ResultFormat.GZIP, ResultFormat.ZSTD, ResultFormat.PARQUET])
def test_duckdb_reads_it(stored: Store, tmp_path: Path, name: ResultFormat):
    result = stored(format_named(name), zipped(CSV), "zip")
    path = tmp_path / f"fees.{result.output.format}"
    path.write_bytes(result.data)

    with duckdb.connect() as connection:
        source = (
            "read_parquet($1)" if name is ResultFormat.PARQUET else "read_csv($1, header = true, all_varchar = true)"
        )
        read = connection.execute(f"SELECT * FROM {source}", [str(path)]).fetchall()

    assert [list(row) for row in read] == ROWS[1:]


@pytest.mark.parametrize("name", [ResultFormat.CSV, ResultFormat.GZIP, ResultFormat.ZSTD])
@ANY_NUMBER_OF_STORES
@given(
    sent=st.lists(st.lists(st.text(st.sampled_from('ab", \n\x00é'), max_size=9), min_size=2, max_size=2), max_size=9),
    piece=st.integers(1, 300),
)
def test_pyarrow_reads_what_was_sent(
    stored: Store, tmp_path: Path, name: ResultFormat, sent: list[list[str]], piece: int
):
    csv = written([["a", "b"], *sent])
    result = stored(format_named(name), zipped(csv), "zip", piece=piece, limits=Limits())
    path = tmp_path / f"fees.{result.output.format}"
    path.write_bytes(result.data)

    table = arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys("ab", "string"), strings_can_be_null=False, null_values=[]
        ),
    )

    assert [[row["a"], row["b"]] for row in table.to_pylist()] == sent
