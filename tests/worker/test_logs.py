"""A record is one line, whatever stands in it, and no text of others passes for a record or for a field."""

import logging

import pytest

from forebay.worker.logs import FieldsFormatter

FORGED = "fees\n2026-11-28 12:00:00,000 INFO    forebay.worker  landed everything\r\x1b[2K\x07\x9b31m\u202e\ud800"


def _logged(message: str, *arguments: object, exc: BaseException | None = None, **fields: object) -> str:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.LogRecord("forebay", logging.ERROR, __file__, 1, message, arguments, info)
    record.__dict__.update(fields)
    return FieldsFormatter("%(levelname)s %(name)s  %(message)s").format(record)


def test_a_record_is_one_line_in_which_nothing_acts() -> None:
    logged = _logged("%s", FORGED, run=f"b1/0 {FORGED}")

    assert logged.isprintable()
    assert logged.count("landed everything") == 2
    assert r"\x1b[2K\x07\x9b31m\u202e\ud800" in logged


def test_a_value_forges_no_field() -> None:
    assert _logged("failed", run='b1/0 code="ok" event=landed').endswith(r'run="b1/0 code=\"ok\" event=landed"')
    assert _logged("failed", run="b1/0", event="failed").endswith("event=failed run=b1/0")


def test_a_traceback_forges_no_record() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        first, *rest = _logged("broke", exc=error, run="b1/0").splitlines()

    assert first == "ERROR forebay  broke  run=b1/0"
    assert rest
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


@pytest.mark.parametrize("text", ["fees [eur]", "Gebühren für März", "売上", "a b"])
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert _logged("%s", text) == f"ERROR forebay  {text}"
