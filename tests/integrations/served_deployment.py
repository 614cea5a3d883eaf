"""Runs a deployment for tests that have another environment: sandbox, Valkey, worker, beat and `forebay web`.

    python -m tests.integrations.served_deployment FOLDER SPEC

`%s` in the file SPEC becomes the sandbox's address. The first line of its output is the address of `forebay web`; it
ends all when its standard input is closed.
"""

import subprocess
import sys
from pathlib import Path

from tests.client.ways import make_way
from tests.servers.processes import environment, stop


def main(folder: Path, spec: Path) -> None:
    for way in make_way("server", folder, spec.read_text()):
        command = [str(Path(sys.executable).with_name("forebay")), "beat"]
        with (folder / "beat.log").open("w") as log:
            beat = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, text=True, env=environment(**way.env), cwd=folder
            )
        try:
            sys.stdout.write(f"{way.url}\n")
            sys.stdout.flush()
            sys.stdin.read()
        finally:
            stop(beat)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
