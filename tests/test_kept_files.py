"""Whatever the repository keeps was made here, can be read, and is as small as its kind."""

import gzip
from pathlib import PurePath

import pytest

from tests.kept_files import ignored, kept, there
from tests.source import ROOT

#: The largest that a file may be, in kB, by the end of its name, which some have not.
LARGEST_KB = {
    kind: largest
    for largest, kinds in {
        16: (".css", ".js", ".csv", ".txt", ".typed", "", ".service", ".target", ".conf", ".sysusers", ".tpl"),
        40: (".py", ".lua", ".sql", ".html", ".ipynb", ".yml", ".yaml", ".toml"),
        100: (".md",),
        # Locks, schemas, dashboards; figures and pictures of benches; what each hour of chaos adds a line to.
        400: (".lock", ".json", ".png", ".svg"),
        800: (".jsonl",),
        # A chunk of a ledger.
        1: (".gz",),
    }.items()
    for kind in kinds
}
PNG = b"\x89PNG\r\n\x1a\n"
#: Where pictures are drawn to and taken, and where a ledger of an older release lies, whose chunks are compressed.
PICTURES, COMPRESSED = ("bench/results/", "docs/pictures/"), "tests/store/format_1/"
#: What is run in a browser is written by hand: a line that nobody can read came from elsewhere.
BY_HAND, LINE = (".js", ".css"), 300


def test_nothing_that_gitignore_names_is_kept() -> None:
    assert [path for path in kept() if ignored(path)] == []


def test_there_is_something_to_look_at() -> None:
    assert {"README.md", ".gitignore", ".ci/run", "cli/main.py", "tests/source.py"} <= {*kept()}
    assert len(kept()) > 1_000


def test_a_tree_without_git_has_at_least_what_is_kept() -> None:
    assert {*kept()} - {*there()} == set()


def test_each_file_is_of_a_kind_that_is_kept_and_no_larger_than_that_needs() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in kept()}

    assert [path for path in sizes if _kind(path) not in LARGEST_KB] == [], "a kind of file that was never kept"
    assert {path: size for path, size in sizes.items() if size > LARGEST_KB[_kind(path)] * 1_000} == {}


def test_each_file_is_text_or_a_picture_that_a_bench_or_the_page_drew() -> None:
    assert [path for path in kept() if not _can_be_read(path)] == []


def test_what_runs_in_a_browser_was_written_here() -> None:
    longest = {path: max(map(len, _text(path).splitlines()), default=0) for path in kept() if _kind(path) in BY_HAND}

    assert {path: length for path, length in longest.items() if length > LINE} == {}


@pytest.mark.parametrize(
    "path",
    [
        ".promtool/usr/bin/promtool",
        ".venv/bin/python",
        ".venv-demo/.locked",
        ".env",
        "examples/.env",
        "cli/__pycache__/main.pyc",
        "docs/generated/options.md",
        "build/forebay.whl",
        "x.whl",
        "out/b/fees.csv",
    ],
)
def test_what_work_leaves_behind_is_ignored(path: str) -> None:
    assert ignored(path)


@pytest.mark.parametrize("path", ["README.md", "cli/example/gitignore", "cli/output/words.py", "tests/build/x.py"])
def test_what_is_ours_is_not(path: str) -> None:
    assert not ignored(path)


def _kind(path: str) -> str:
    name = PurePath(path).name
    return "" if name.startswith(".") else PurePath(path).suffix


def _can_be_read(path: str) -> bool:
    data = (ROOT / path).read_bytes()
    if path.endswith(".png"):
        return path.startswith(PICTURES) and data.startswith(PNG)
    if path.endswith(".gz"):
        data = gzip.decompress(data) if path.startswith(COMPRESSED) else b"\0"
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")
