"""What processes and a Valkey have spent is read while they live."""

import subprocess
import sys
from typing import Any

from bench.costs.spent import cpu_s, group_cpu_s, read

#: Half a second of CPU, of its own and of a child; then it waits to be ended.
_BUSY = """
import subprocess, sys, time
while time.process_time() < 0.3: pass
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.2: pass"])
print("done", flush=True)
sys.stdin.read()
"""


def test_a_process_is_read_with_its_children_that_ended_and_so_is_its_group() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    try:
        process.stdout.readline()
        used_s = cpu_s(process.pid)
        assert used_s >= 0.45  # ticks of 10 ms
        assert group_cpu_s(process.pid) >= used_s
    finally:
        process.communicate()


def test_commands_inside_scripts_count_and_reading_does_not(valkey: Any) -> None:
    before = read(valkey, {})
    valkey.eval("redis.call('SET', KEYS[1], 1) redis.call('GET', KEYS[1])", 1, "key")
    spent = read(valkey, {}).since(before)

    assert spent.commands == 3  # and the script
    assert spent.server_s > 0
