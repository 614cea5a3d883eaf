"""What users copy runs as it stands: the page's first lines, and the notebook."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.client.notebook import run_notebook
from tests.client.ways import here, make_way
from tests.source import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

NOTEBOOK = ROOT / "examples/sql_to_frames.ipynb"


@pytest.fixture(scope="module", autouse=True)
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("embedded")
    for way in make_way("embedded", folder):
        with here(way, folder):
            yield


def first_code_of(page: Path) -> str:
    return re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[0]


def test_the_lines_with_which_the_page_begins_run_as_they_stand_and_twice() -> None:
    lines = first_code_of(ROOT / "docs/client.md")
    assert len(lines.splitlines()) <= 12

    for _ in range(2):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(lines, {})
        assert re.fullmatch(r"charges: 100 records in file://\S+/charges-2026-11-27\S*/charges\.csv\n", said.getvalue())


def test_the_notebook_runs_from_its_first_cell_to_its_last() -> None:
    # `make readers` has them all, or this fails.
    everything = os.environ.get("FOREBAY_TEST_READERS") == "all"
    said, left = run_notebook(NOTEBOOK, lambda library: everything or find_spec(library) is not None)

    assert "2 of 2 runs landed" in said
    assert "usd" in said
    assert re.search(r"(InputRefused|BatchFailed) \(exit [12]\): .*no_such_column", said)
    assert left["results"].keys() == {"charges", "refunds"}


def test_the_notebook_is_kept_without_what_its_cells_came_to() -> None:
    cells: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
