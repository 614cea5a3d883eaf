"""A page's blocks are found with their marks, and its anchors are those that GitHub makes."""

from pathlib import Path

from tests.docs.markdown_pages import Page
from tests.docs.shell_lines import shown_commands

TEXT = """\
# `--json`, and *more*

<!-- commands are not run: they are only shown -->

Text with [a link](other.md#there) and `[no link](x)`.

<!-- run -->

    forebay ls --json | jq .   # comment with | and forebay
    cat > q.sql <<'SQL'
    forebay is a word of this query
    SQL

## Twice

    1 of 1 run landed

## Twice

```sh
$ FOREBAY_CAP=5 forebay run \\
    q.sql
```
"""


def page(folder: Path) -> Page:
    (folder / "page.md").write_text(TEXT)
    return Page(folder / "page.md")


def test_blocks_have_the_mark_before_them_or_that_of_their_page(tmp_path: Path) -> None:
    found = [(block.line, block.runs, block.why_not) for block in page(tmp_path).blocks]

    assert found == [(9, True, ""), (16, False, "they are only shown"), (21, False, "they are only shown")]


def test_links_and_anchors_are_found(tmp_path: Path) -> None:
    assert page(tmp_path).links == ["other.md#there"]
    assert page(tmp_path).anchors == {"--json-and-more", "twice", "twice-1"}


def test_commands_are_told_from_output_comments_and_what_files_hold(tmp_path: Path) -> None:
    assert [(command.line, " ".join(command.words)) for command in shown_commands(page(tmp_path))] == [
        (9, "forebay ls --json"),
        (9, "jq ."),
        (10, "cat"),
        (21, "forebay run q.sql"),
    ]
