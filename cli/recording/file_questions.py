"""Answers what is asked of result files and their host. Each function is one question."""

from forebay.cli.recording.answers import Answer, change, right
from forebay.cli.recording.api_questions import unasked, unread
from forebay.cli.recording.observations import Observations, SeenFile

_PARTIAL = 206
_MICROSECOND_DIGITS = 6


def ranges(seen: Observations) -> Answer:
    """Says whether a part was given where a part was asked for."""
    file = _file(seen)
    if file is None or file.ranged is None:
        return unread(seen, seen.plain)
    if file.ranged == _PARTIAL:
        return right("honoured", "nothing to set: a download that broke goes on where it was")
    return right(f"not honoured (HTTP {file.ranged})", "nothing to set: a download that broke begins anew")


def if_range(seen: Observations) -> Answer:
    """Says whether a part was given of another file."""
    file = _file(seen)
    if file is None or file.ranged is None:
        return unread(seen, seen.plain)
    if not file.etag:
        return right("no ETag", "nothing to set: a download that broke begins anew")
    if file.ranged != _PARTIAL:
        return right(f"a {file.etag} ETag, and no Range", "nothing to set")
    if file.if_range == _PARTIAL and file.if_other == _PARTIAL:
        return change(
            f"a {file.etag} ETag; If-Range is not heeded, another file's rest is given as well",
            "no setting: the bytes are verified as a whole. Tell us",
        )
    saw = f"a {file.etag} ETag; with it HTTP {file.if_range}, with another HTTP {file.if_other}"
    return right(saw, "nothing to set: a rest is taken only if it is of the same file")


def content_encoding(seen: Observations) -> Answer:
    """Says whether the body came compressed on the way."""
    file = _file(seen)
    if file is None:
        return unread(seen, seen.plain)
    if file.is_encoded:
        return change("compressed, though nobody asked for it", "no setting: such bodies are refused. Tell us")
    return right("no")


def zip_layout(seen: Observations) -> Answer:
    """Says where a zip has its sizes, and how many members."""
    if seen.zip is None:
        return unread(seen, seen.zipped)
    sizes = "sizes follow the data" if seen.zip.sizes_follow else "sizes stand in front"
    wide = "zip64" if seen.zip.has_zip64 else "no zip64 (of so small a one)"
    saw = f"{sizes}; {seen.zip.members} member, .{', .'.join(seen.zip.suffixes)}; {wide}"
    if seen.zip.members != 1:
        return change(saw, "no setting: one member is expected. Tell us")
    return right(saw, "nothing to set: either is read")


def zip_content_type(seen: Observations) -> Answer:
    """Compares what the result was called with what it is."""
    if seen.zipped is None or not seen.zipped.content_type:
        return unasked(seen)
    if seen.zipped.file_trouble:
        return unread(seen, seen.zipped)
    held = "a zip" if seen.zip else "no zip"
    return right(f"{seen.zipped.content_type}, and it is {held}", "nothing to set: the first bytes decide")


def zip_size(seen: Observations) -> Answer:
    """Says whose length the announced size is."""
    run = seen.zipped
    if run is None or seen.zip is None:
        return unread(seen, run)
    match run.size_bytes:
        case None:
            return right("not told", "nothing to set: what is not told proves nothing")
        case seen.zip.zip_bytes:
            return right("that of the zip")
        case seen.zip.csv_bytes:
            return right("that of the CSV", "nothing to set: a zip is whole by either")
    return change("neither", "no setting: the bytes that land are held against it. Tell us")


def csv_times(seen: Observations) -> Answer:
    """Names the forms of times and dates."""
    if seen.csv is None:
        return unread(seen, seen.zipped)
    saw = f"times with {seen.csv.timestamp}; dates {seen.csv.date}"
    if "form of its own" in saw:
        return change(saw, "`columns`: store such a column as text, and tell us")
    if seen.csv.second_digits > _MICROSECOND_DIGITS:
        return change(saw, "`columns`: what is finer than a microsecond as text; Parquet stores the others as they are")
    return right(saw, "nothing to set: they are stored as UTC")


def csv_values(seen: Observations) -> Answer:
    """Names the forms of decimals, of NULL and of an empty text."""
    form = seen.csv
    if form is None:
        return unread(seen, seen.zipped)
    bom = ", a BOM" if form.has_bom else ""
    saw = (
        f"decimals {form.decimal}; NULL is {form.null}, an empty text {form.empty}; "
        f"header {form.header}, {form.line_end}{bom}"
    )
    if form.null == form.empty:
        return right(saw, "`nulls` decides what both are")
    if form.null == "nothing":
        return change(saw, "`nulls: unquoted` tells them apart")
    return change(saw, "no setting: tell us how NULL is written")


def _file(seen: Observations) -> SeenFile | None:
    return seen.plain.file if seen.plain else None
