"""Counts which modules a command loads, in a process of its own: a time would tell more of the machine."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Loaded:
    """What a command wrote, and which modules its process had loaded then."""

    said: str
    modules: set[str]


def loaded_by(*arguments: str, env: Mapping[str, str] | None = None, folder: Path | None = None) -> Loaded:
    """Runs a command in the environment of the test and in its folder, where no others are named."""
    program = (
        "import sys; from forebay.cli.main import invoke; invoke(sys.argv[1:]); sys.stdout.flush(); "
        "print(chr(30), *sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, env=env, cwd=folder
    )
    out, _, modules = ran.stdout.partition(chr(30))
    return Loaded(out + ran.stderr, set(modules.split()))
