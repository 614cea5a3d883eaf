"""Finds promtool: on the PATH, or where `make promtool` puts Debian's. Without it its tests skip, and say so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.source import ROOT

PLACE = ROOT / ".promtool" / "usr" / "bin" / "promtool"


def promtool(*words: str, said: str = "", folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs it. `make promtool` skips no test: there one without it fails."""
    found = shutil.which("promtool") or (str(PLACE) if PLACE.exists() else None)
    if found is None:
        end = pytest.fail if os.environ.get("FOREBAY_TEST_PROMTOOL") == "all" else pytest.skip
        end("promtool is not here; on Debian `make promtool` fetches it")
    return subprocess.run([found, *words], input=said, cwd=folder, capture_output=True, text=True, timeout=100)
