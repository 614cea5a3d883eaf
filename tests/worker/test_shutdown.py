"""A process whose end hangs, ended for real: it names what kept it, and its code says that something did."""

import subprocess
import sys

from forebay.worker.shutdown import HUNG

HANGING = """
import threading
from concurrent.futures import ThreadPoolExecutor
from forebay.worker.shutdown import end_within

pool = ThreadPoolExecutor(1)
pool.submit(threading.Event().wait)
end_within({seconds}, lambda: {under_way})
{then}
"""


def ended(seconds: float, under_way: list[str], then: str = "") -> subprocess.CompletedProcess[str]:
    code = HANGING.format(seconds=seconds, under_way=under_way, then=then)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_step_that_hangs_does_not_keep_the_process_and_is_named() -> None:
    said = ended(0.2, ["download of b/1 (70 s)"])

    assert said.returncode == HUNG
    assert "because of download of b/1 (70 s)" in said.stderr


def test_where_no_step_is_under_way_the_threads_are_named() -> None:
    said = ended(0.2, [])

    assert said.returncode == HUNG
    assert "ThreadPoolExecutor-0_0" in said.stderr


def test_a_process_that_ends_by_itself_is_not_kept() -> None:
    said = ended(600, [], then="import os; os._exit(7)")

    assert (said.returncode, said.stderr) == (7, "")
