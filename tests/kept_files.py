"""Lists what the repository keeps, whether git is there or not, and says what `.gitignore` names."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

from tests.source import ROOT


@cache
def kept() -> tuple[str, ...]:
    """Lists it by paths from the root, links left out: what git tracks; in a tree without git, what git would take."""
    listed = _tracked() or there()
    return tuple(sorted(path for path in listed if (ROOT / path).is_file() and not (ROOT / path).is_symlink()))


def ignored(path: str) -> bool:
    """Says whether `.gitignore` names the file, or a folder that it lies in."""
    *folders, name = path.split("/")
    return any(path.startswith(pattern.removeprefix("/")) for pattern in _patterns() if _is_a_place(pattern)) or any(
        fnmatchcase(part, pattern.strip("/"))
        for pattern in _patterns()
        if not _is_a_place(pattern)
        for part in (folders if pattern.endswith("/") else [*folders, name])[: 1 if pattern.startswith("/") else None]
    )


@cache
def _patterns() -> tuple[str, ...]:
    """Reads the patterns. Of git's language this knows names, folders anywhere or at the root, and paths of folders."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    patterns = tuple(line for line in lines if line and not line.startswith("#"))
    odd = [each for each in patterns if each.startswith("!") or (_is_a_place(each) and each[-1] + each[0] != "//")]
    assert odd == [], "tests/kept_files.py"
    return patterns


def _is_a_place(pattern: str) -> bool:
    """Says whether it is a path from the root, as in `/docs/generated/`."""
    return "/" in pattern.strip("/")


def _tracked() -> list[str]:
    """Asks git. Gives nothing where there is none, where this is no clone, or where it will not say."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return []
    asked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.split("\0")[:-1] if asked.returncode == 0 else []


def there() -> Iterator[str]:
    """Walks the tree, past what is ignored: environments alone are a hundred times as large as the rest."""
    for top, folders, names in os.walk(ROOT):
        at = "" if top == str(ROOT) else f"{os.path.relpath(top, ROOT)}/"
        folders[:] = [each for each in folders if each != ".git" and not ignored(f"{at}{each}/")]
        yield from (path for name in names if name != ".git" and not ignored(path := f"{at}{name}"))
