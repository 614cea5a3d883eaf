"""Names: one thing has one name, one name means one thing, and a word that was given up does not come back."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from tests.source import CLIENT, FOLDERS, ROOT, classes, functions, modules

#: Files that each folder has, or may have.
EVERYWHERE = {"__init__.py", "__main__.py", "errors.py"}
#: Words that we gave up → the word to use.
GIVEN_UP = {
    "put_back": "requeue",
    "upto": "hold_after",
    "seat": "place",
    "seats": "place",
    "lift": "promote",
    "lifted": "promoted",
    "lead": "shared run",
    "leads": "shared runs",
    "kin": "parts",
    "means": "services",
    "tend": "close",
    "tended": "closing",
    "tender": "closer",
    "tending": "closing",
}
#: What the governor's function `defer` was called.
AGAIN = "again"


def test_no_two_classes_have_one_name() -> None:
    """The client is read by itself: its names are for its users, who see no other."""
    named = [(node.name, path) for path, module in modules().items() for node in classes(module)]

    assert _twice((name, path) for name, path in named if not path.startswith(CLIENT)) == {}
    assert _twice((name, path) for name, path in named if path.startswith(CLIENT)) == {}


def test_no_two_files_have_one_name() -> None:
    """Benches are commands, each named for what it measures: `python -m bench.governor`."""
    files = ((path.rpartition("/")[2], path) for path in modules() if not path.startswith("bench/"))

    assert _twice((name, path) for name, path in files if name not in EVERYWHERE) == {}


@pytest.mark.parametrize("path", modules())
def test_words_that_were_given_up_do_not_come_back(path: str) -> None:
    names = {path, *_identifiers(modules()[path])}

    assert {name: word for name in names for old, word in GIVEN_UP.items() if f"_{old}_" in _snake(name)} == {}


def test_the_governor_defers_and_does_nothing_again() -> None:
    named = [
        node.name for path, module in modules().items() if path.startswith("governor/") for node in functions(module)
    ]
    scripts = [file.stem for file in (ROOT / "governor/lua").rglob("*.lua")]

    assert AGAIN not in (*named, *scripts)


def test_each_folder_of_the_product_is_installed() -> None:
    installed = {link.name for link in (ROOT / "src/forebay").iterdir() if link.is_symlink()}

    assert installed == set(FOLDERS)


def _twice(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    places = defaultdict(list)
    for name, path in named:
        places[name].append(path)
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def _identifiers(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        yield from (
            getattr(node, key) for key in ("name", "id", "attr", "arg") if isinstance(getattr(node, key, None), str)
        )


def _snake(name: str) -> str:
    """Puts `_` around each word of an identifier or a path: `TendedBatches` → `_tended_batches_`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return "_" + re.sub(r"[^a-z0-9]+", "_", apart) + "_"
