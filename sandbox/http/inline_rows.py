"""Shows rows of a result in the answer itself, a page at a time, as `include[0]=result.inline` asks for them.

A row is a map of column to value, so of two columns of one name only the last is seen. Stripe does not say whether
values are text or of their column's type: they are text, as in the file, unless a setting says otherwise. An empty
field is null.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import IO
from urllib.parse import urlencode

from starlette.requests import Request

from forebay.sandbox.errors import invalid_request
from forebay.sandbox.runs import SpooledResult
from forebay.sandbox.setting_choices import InlineValues
from forebay.sandbox.sql.column_types import ResultColumn

INLINE = "result.inline"
_LIMIT, _MOST = 10, 1000
_NATIVE: Mapping[str, Callable[[str], object]] = {
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": "true".__eq__,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """Which rows are asked for."""

    start: int
    limit: int


def asked_page(request: Request) -> RowPage | None:
    """Reads which rows are asked for; None for none. Raises the 400 for a limit or a page that is none."""
    params = request.query_params
    if INLINE not in params.values():
        return None
    limit, page = params.get("limit", str(_LIMIT)), params.get("page", "row_0")
    if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= _MOST:
        raise invalid_request(f"limit: must be a whole number from 1 to {_MOST}.")
    if not re.fullmatch(r"row_[0-9]{1,12}", page):
        raise invalid_request("page: the token is not one that this result gave.")
    return RowPage(start=int(page.removeprefix("row_")), limit=int(limit))


def inline_rows(request: Request, result: SpooledResult, page: RowPage, values: InlineValues) -> dict[str, object]:
    """Shapes a page of rows, and where the next and the one before are."""
    with ExitStack() as opened:
        rows = islice(_records(result, opened), page.start, page.start + page.limit)
        shown = [{"data": _row(result.columns, row, values)} for row in rows]
    after, before = page.start + page.limit, max(0, page.start - page.limit)
    return {
        "columns": [{"name": column.name, "type": column.type} for column in result.columns],
        "next_page_url": _url(request, after) if after < result.row_count else None,
        "previous_page_url": _url(request, before) if page.start else None,
        "rows": shown,
    }


def _row(columns: Sequence[ResultColumn], row: Sequence[str], values: InlineValues) -> dict[str, object]:
    shown: dict[str, object] = {}
    for column, value in zip(columns, row, strict=True):
        native = _NATIVE.get(column.type) if values is InlineValues.NATIVE else None
        shown[column.name] = None if not value else native(value) if native else value
    return shown


def _records(result: SpooledResult, opened: ExitStack) -> Iterator[list[str]]:
    """Yields the records of the file without its header; a line that is empty is one empty field."""
    raw: IO[bytes]
    if result.content_type == "zip":
        archive = opened.enter_context(zipfile.ZipFile(result.path))
        raw = opened.enter_context(archive.open(archive.namelist()[0]))
    else:
        raw = opened.enter_context(result.path.open("rb"))
    text = io.TextIOWrapper(raw, "utf-8", newline="")
    opened.callback(text.close)
    return (row or [""] for row in islice(csv.reader(text), 1, None))


def _url(request: Request, start: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{request.url.path}?{urlencode([*kept, ('page', f'row_{start}')])}"
