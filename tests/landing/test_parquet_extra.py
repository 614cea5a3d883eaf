import subprocess
import sys

import pytest

from forebay.landing import parquet_extra
from tests.servers.processes import environment


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    assert parquet_extra.missing() == ""

    monkeypatch.setattr(parquet_extra, "NEEDED", ("pyarrow_that_nobody_has",))
    assert parquet_extra.missing() == "format parquet needs pyarrow_that_nobody_has"


@pytest.mark.parametrize("module", ["forebay.worker.steps.carry_out", "forebay.landing.land", "forebay.cli.main"])
def test_whoever_stores_no_parquet_loads_nothing_of_it(module: str):
    program = f"import sys, {module}; sys.exit('pyarrow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], env=environment(), timeout=120, check=False).returncode == 0
