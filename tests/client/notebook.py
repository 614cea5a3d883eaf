"""Runs the cells of a notebook as a kernel does: one after the other in one namespace, within a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_notebook(path: Path, has: Callable[[str], bool]) -> tuple[str, dict[str, Any]]:
    """Gives what its cells printed, and what they left; a cell with a tag is run where `has` says so of that."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    said = io.StringIO()

    async def kernel() -> None:
        with contextlib.redirect_stdout(said):
            for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
                if cell["cell_type"] == "code" and all(has(tag) for tag in cell["metadata"].get("tags", ())):
                    exec(compile("".join(cell["source"]), f"{path.name}[{number}]", "exec"), namespace)
                    await asyncio.sleep(0)

    asyncio.run(kernel())
    return said.getvalue(), namespace
