"""dlt: loads what Forebay landed as CSV, window by window, by its manifests: what has none is not there yet.

pip install 'dlt[duckdb]' ./client    # in a clone of Forebay
FOREBAY_URL=https://forebay.example.com FOREBAY_TOKEN=fbweb_… python dlt_landed.py charges_daily
"""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import httpx

from forebay_client import BatchHandle, Client, LandedResult


@dlt.source
def forebay_extract(extract: str, windows: int = 60) -> Any:
    """Gives the rows of an extract's newest windows. One that landed anew replaces what it brought before."""

    @dlt.resource(name=extract, write_disposition="merge", merge_key="forebay_window")
    def rows() -> Iterator[list[dict[str, Any]]]:
        loaded: dict[str, str] = dlt.current.resource_state().setdefault("batches", {})
        with Client() as client:
            for window in reversed(client.extract(extract, windows=windows).windows):
                if window.state != "landed" or window.batch is None or loaded.get(window.label) == window.batch:
                    continue
                batch = client.batch(window.batch)
                for result in batch.results():
                    origin = {"forebay_window": window.label, "forebay_account": result.account}
                    with lines_of(batch, result) as lines:
                        yield [{**row, **origin} for row in csv.DictReader(lines)]
                loaded[window.label] = window.batch

    return rows


@contextmanager
def lines_of(batch: BatchHandle, result: LandedResult) -> Iterator[Iterator[str]]:
    """Opens a result: a file in a folder, or by a signed link in a bucket."""
    if result.path:
        with Path(result.path).open(newline="", encoding="utf-8") as file:
            yield file
    else:
        with httpx.stream("GET", batch.links(result)[0].url) as answer:
            answer.raise_for_status()
            yield answer.iter_lines()


if __name__ == "__main__":
    pipeline = dlt.pipeline("forebay", destination="duckdb", dataset_name="stripe")
    print(pipeline.run(forebay_extract(sys.argv[1])))
