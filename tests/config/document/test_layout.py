"""A layout is refused in a sentence where results would have one place, or a place that readers do not see."""

import pytest

from forebay.config.document.layout import (
    Layout,
    default_format,
    default_layout,
    default_write,
    is_told_in_utc,
    write_problem,
)
from forebay.config.write_mode import WriteMode


def of_extract(text: str, every: str = "1d", *, accounts: bool = True) -> str | None:
    return Layout.parse(text).problem(windows=every, fixed_window=False, accounts=accounts)


def of_batch(text: str, *, window: bool = False) -> str | None:
    return Layout.parse(text).problem(windows=None, fixed_window=window, accounts=False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{extract}/{window.start}/{account}.{ext}", "must end in '/{name}.{ext}', the file's own name"),
        ("{extract}/{name}/{name}.{ext}", "must have {name} and {ext} once, at the end: '/{name}.{ext}'"),
        ("{extract}/{accont}/{name}.{ext}", "has no value {accont}, did you mean 'account'?"),
        ("{extract}/{account}/{window.start}/{name}.{ext}", "must have {account} behind all else but {name}"),
        ("{extract}/{account}-{window.start}/{name}.{ext}", "must have {account} once, and no other value"),
        ("{extract}/{window.start:%Y/%m}{account}/{name}.{ext}", "must have {account} once, and no other value"),
        ("{extract}/{account}/{account}/{name}.{ext}", "must have {account} once"),
        ("{extract}/{account:%Y}/{name}.{ext}", "has one way only to write {account}: leave ':%Y' out"),
        ("{extract}/{window.start:%B}/{name}.{ext}", "and text between, not by '%B'"),
        ("{extract}/{window.start:}/{name}.{ext}", "and text between, not by ''"),
        ("{extract}/{window.start:%Y-%m-%d/_x}/{name}.{ext}", "must not begin, or go on after a slash"),
        ("_{extract}/{name}.{ext}", "must not begin, or go on after a slash, with / . _ or -"),
        ("/{extract}/{name}.{ext}", "must not begin"),
        ("{extract}//{name}.{ext}", "must not begin"),
        ("{extract}/../{name}.{ext}", "must not begin"),
        ("{extract}/a%20b/{name}.{ext}", "has '%' in it; beside values it is letters, digits and . _ - = /"),
        ("{extract}/{window.start/{name}.{ext}", "has a brace that stands alone"),
        ("", "must end in"),
    ],
)
def test_what_is_no_layout_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError) as refused:
        Layout.parse(text)
    assert says in str(refused.value)


def test_a_layout_is_written_as_it_was_read() -> None:
    text = "x/{extract}/{window.start:%Y/%m/%d}/a={account}/{name}.{ext}"
    assert str(Layout.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "every", "lacks"),
    [
        ("{extract}/{window.start}/{account}/{name}.{ext}", "1h", None),
        ("{extract}/{window.end}/{account}/{name}.{ext}", "1mo", None),
        ("{extract}/{window.start:%Y/%m/%d}/{account}/{name}.{ext}", "1d", None),
        ("{extract}/y={window.start:%Y}/m={window.start:%m}/d={window.start:%d}/{account}/{name}.{ext}", "1d", None),
        ("{extract}/{window.start:%G-W%V}/{account}/{name}.{ext}", "1w", None),
        ("{extract}/{window.start:%Y-%j}/{account}/{name}.{ext}", "2d", None),
        ("{batch}/{account}/{name}.{ext}", "1h", None),
        ("{extract}/{window.start:%Y}/{window.end:%m-%d}/{account}/{name}.{ext}", "1d", "several windows of 1d"),
        ("{extract}/{window.start:%Y-%m}/{account}/{name}.{ext}", "1w", "several windows of 1w"),
        ("{extract}/{window.start:%G-%V}/{account}/{name}.{ext}", "1d", "several windows of 1d"),
        ("{extract}/{window.start:%Y}/{account}/{name}.{ext}", "1mo", "several windows of 1mo"),
        ("{extract}/{window.start:%Y-%m-%d}/{account}/{name}.{ext}", "12h", "several windows of 12h"),
        (
            "{extract}/{window.start:%Y-%m-%dT%H}/{account}/{name}.{ext}",
            "0 6 * * 1-5",
            "several windows of 0 6 * * 1-5",
        ),
        ("{extract}/{account}/{name}.{ext}", "1d", "all windows would have one place: it needs {window.start}"),
        ("{extract}/{window.start}/{name}.{ext}", "1d", "all accounts would have one place: it needs {account}"),
        ("{window.start}/{account}/{name}.{ext}", "1d", "two definitions would have one place"),
    ],
)
def test_what_leads_two_results_to_one_place_says_which(text: str, every: str, lacks: str | None) -> None:
    says = of_extract(text, every)
    assert says is None if lacks is None else says and says.startswith(lacks)


def test_a_batch_has_what_it_has() -> None:
    assert of_batch("{definition}/{name}.{ext}") is None
    assert of_batch("{definition}/{window.start}/{name}.{ext}", window=True) is None
    assert of_batch("{definition}/{window.start}/{name}.{ext}") == (
        "it has {window.start} or {window.end}, and this batch has no 'window'"
    )
    assert of_batch("{extract}/{name}.{ext}") == (
        "{extract} is the name of an extract, and this is a batch: write {definition}"
    )
    assert of_extract("{extract}/{window.start}/{name}.{ext}", accounts=False) is None


def test_the_default_keeps_an_extracts_place_and_gives_a_batch_one_of_its_own() -> None:
    kept, own = default_layout(None, is_extract=True), default_layout(None, is_extract=False)
    assert str(kept) == "{extract}/window={window.start}/account={account}/{name}.{ext}"
    assert str(own) == "{batch}/{account}/{name}.{ext}"
    assert (default_write(kept), default_write(own)) == (WriteMode.REPLACE, WriteMode.VERSIONED)


@pytest.mark.parametrize("is_extract", [True, False])
@pytest.mark.parametrize("write", WriteMode)
def test_each_way_to_write_has_a_layout_that_goes_with_it(write: WriteMode, is_extract: bool) -> None:
    layout = default_layout(write, is_extract=is_extract)
    assert write_problem(layout, write) is None
    windows = "1d" if is_extract else None
    assert layout.problem(windows=windows, fixed_window=False, accounts=True) is None
    other = WriteMode.REPLACE if write is WriteMode.VERSIONED else WriteMode.VERSIONED
    assert write_problem(layout, other)


@pytest.mark.parametrize(
    ("every", "written", "in_utc"),
    [
        ("15m", "%Y-%m-%dT%H%MZ", True),
        ("6h", "%Y-%m-%dT%HZ", True),
        ("1d", "%Y-%m-%d", False),
        ("1w", "%Y-%m-%d", False),
        ("1mo", "%Y-%m", False),
        ("0 6 * * 1-5", "%Y-%m-%dT%H%MZ", True),
    ],
)
def test_a_window_is_told_as_finely_as_its_period_and_below_a_day_in_utc(
    every: str, written: str, in_utc: bool
) -> None:
    assert (default_format(every), is_told_in_utc(every)) == (written, in_utc)
