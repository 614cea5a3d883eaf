"""Strikes as an upgrade does: workers of two releases side by side, alike in their layout or not.

The other release is this one, copied; with CHAOS_PREVIOUS=REVISION it is that commit's.
"""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.processes import FOREBAY, Service
from tests.chaos.results import ROOT
from tests.chaos.stage import Stage
from tests.servers.processes import wait_until

#: The variable that names the commit of the other release.
PREVIOUS = "CHAOS_PREVIOUS"
ROLES = {"submit,poll": "submitter", "download": "downloader"}


def _release(folder: Path, *, layout: int = 0) -> Path:
    """Copies the product to where PYTHONPATH finds it first; with another layout if one is given."""
    if not folder.exists():
        if revision := os.environ.get(PREVIOUS):
            _of_revision(revision, folder)
        else:
            shutil.copytree(ROOT / "src/forebay", folder / "forebay", ignore=shutil.ignore_patterns("__pycache__"))
        if layout:
            keys = folder / "forebay/governor/keys.py"
            text, changed = re.subn(r"^LAYOUT = \d+$", f"LAYOUT = {layout}", keys.read_text(), flags=re.M)
            assert changed == 1, "governor/keys.py has no layout any more"
            keys.write_text(text)
    return folder


def _of_revision(revision: str, folder: Path) -> None:
    """Unpacks a commit, whose links lead beside its `src`."""
    whole = folder / "whole"
    whole.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "x"], cwd=whole, input=packed.stdout, check=True)
    (folder / "forebay").symlink_to(whole / "src/forebay")


def _beside(name: str, layout: int = 0) -> Strikes:
    @contextmanager
    def strike(stage: Stage, dice: random.Random) -> Iterator[None]:
        release = _release(stage.folder / name, layout=layout)
        env = {**stage.env, "PYTHONPATH": str(release)}
        with ExitStack() as stack:
            guests = []
            for queues, role in ROLES.items():
                words = [FOREBAY, "worker", "--queues", queues]
                service = Service(name=f"{name} {role}", words=words, env=env, log=stage.folder / f"{name}-{role}.log")
                guests.append(service)
                stack.callback(service.stop)
            stage.guests += guests
            for guest in guests:
                wait_until(partial(_is_there, guest), f"{guest.name} to work, or to refuse")
            yield

    return strike


def _is_there(guest: Service) -> bool:
    return bool(guest.deaths) or " ready." in guest.log.read_text(errors="replace")


KINDS = [
    Kind(
        name="two releases",
        subject="releases",
        does="workers of another release of the same layout beside ours, then gone",
        lasts_s=(8, 15),
        strike=_beside("other"),
    ),
    Kind(
        name="two layouts",
        subject="releases",
        does="workers of a release with another layout beside ours: they must refuse, and touch nothing",
        lasts_s=(8, 15),
        strike=_beside("newer", layout=99),
    ),
]
