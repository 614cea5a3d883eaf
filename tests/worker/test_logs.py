"""A record is one line, says what it is about, and no text of others passes for a record or for a field."""

import ast
import json
import logging
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.log_choices import LogFormat, LogLevel
from forebay.scheduler.windows.calendar import Window, window_batch_id
from forebay.worker import logs
from forebay.worker.logs import FIELDS, FieldsFormatter, JsonFormatter, set_up
from tests.source import modules

FORGED = "fees\n2026-11-28 12:00:00,000 INFO    forebay.worker  landed everything\r\x1b[2K\x07\x9b31m\u202e\ud800"


def _record(message: str, *arguments: object, exc: BaseException | None = None, **fields: object) -> logging.LogRecord:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.LogRecord("forebay", logging.ERROR, __file__, 1, message, arguments, info)
    record.__dict__.update(fields)
    return record


def _logged(message: str, *arguments: object, exc: BaseException | None = None, **fields: object) -> str:
    text = FieldsFormatter("%(levelname)s %(name)s  %(message)s")
    return text.format(_record(message, *arguments, exc=exc, **fields))


def _json(message: str, *arguments: object, exc: BaseException | None = None, **fields: object) -> dict[str, object]:
    line = JsonFormatter().format(_record(message, *arguments, exc=exc, **fields))
    assert {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set(), "nothing acts"
    read: dict[str, object] = json.loads(line)
    return read


def test_a_record_is_one_line_in_which_nothing_acts() -> None:
    logged = _logged("%s", FORGED, run=f"b1/0 {FORGED}")

    assert logged.isprintable()
    assert logged.count("landed everything") == 2
    assert r"\x1b[2K\x07\x9b31m\u202e\ud800" in logged


def test_a_value_forges_no_field() -> None:
    assert _logged("failed", query='q code="ok" event=landed').endswith(r'query="q code=\"ok\" event=landed"')
    assert _logged("failed", run="b1/0", event="failed").endswith("event=failed batch=b1 run=b1/0")


def test_a_traceback_forges_no_record() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        first, *rest = _logged("broke", exc=error, run="b1/0").splitlines()

    assert first == "ERROR forebay  broke  batch=b1 run=b1/0 error=ValueError"
    assert rest
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


@pytest.mark.parametrize("text", ["fees [eur]", "Gebühren für März", "売上", "a b"])
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert _logged("%s", text) == f"ERROR forebay  {text}"


class TestAbout:
    def test_a_run_of_a_window_names_its_extract_and_its_window(self) -> None:
        said = _json("landed", event="landed", run="fees.20261128T0000Z-20261129T0000Z.r2/7")

        assert (said["extract"], said["window"]) == ("fees", "20261128T0000Z-20261129T0000Z")
        assert said["batch"] == "fees.20261128T0000Z-20261129T0000Z.r2"

    @given(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True),
        st.integers(0, 2_000_000_000),
        st.sampled_from([timedelta(days=1), timedelta(hours=1), timedelta(seconds=90)]),
        st.integers(0, 12),
    )
    def test_each_batch_of_a_window_is_known_for_one(
        self, extract: str, start: int, length: timedelta, number: int
    ) -> None:
        begin = datetime.fromtimestamp(start, UTC)
        named = window_batch_id(extract, Window(begin, begin + length), number)

        assert _json("closed", batch=named)["extract"] == extract

    @pytest.mark.parametrize("batch", ["20261129-070000-abcde", "month_end.20261129", "fees"])
    def test_other_batches_are_of_no_extract(self, batch: str) -> None:
        assert "extract" not in _json("closed", batch=batch)

    def test_what_was_said_outright_stands(self) -> None:
        said = _json("late", extract="tax", batch="fees.20261128T0000Z-20261129T0000Z", run="b1/0")
        assert (said["extract"], said["batch"]) == ("tax", "fees.20261128T0000Z-20261129T0000Z")

    def test_an_exception_that_is_told_of_is_named_by_its_class(self) -> None:
        assert _json("put off: %s", TimeoutError("no answer"))["error"] == "TimeoutError"


class TestJson:
    def test_a_record_is_an_object_with_its_time_in_utc(self) -> None:
        record = _record("landed %d", 3, event="landed", run="b1/0", attempt=0)
        record.created = datetime(2026, 11, 29, 7, 0, 2, 114_000, tzinfo=UTC).timestamp()

        assert json.loads(JsonFormatter().format(record)) == {
            "ts": "2026-11-29T07:00:02.114Z",
            "level": "ERROR",
            "logger": "forebay",
            "message": "landed 3",
            "event": "landed",
            "batch": "b1",
            "run": "b1/0",
            "attempt": 0,
        }

    def test_a_traceback_is_one_field(self) -> None:
        try:
            raise ValueError(FORGED)
        except ValueError as error:
            said = _json("broke", exc=error)

        assert "Traceback" in str(said["exception"]) and said["error"] == "ValueError"

    @given(st.text(), st.text())
    def test_whatever_stands_in_it_is_read_back(self, message: str, query: str) -> None:
        said = _json("%s", message, query=query)
        assert (said["message"], said["query"]) == (message, query)


class TestSetUp:
    @pytest.fixture(autouse=True)
    def _as_before(self) -> Iterator[None]:
        loggers = [logging.getLogger(name) for name in ("", "forebay", *logs._CHATTY)]
        before = [(each, each.level, list(each.handlers)) for each in loggers]
        yield
        for each, level, handlers in before:
            each.setLevel(level)
            each.handlers[:] = handlers

    @pytest.mark.parametrize(("level", "ours", "others"), [("debug", 10, 20), ("info", 20, 20), ("error", 40, 40)])
    def test_only_what_is_ours_says_more(self, level: str, ours: int, others: int) -> None:
        set_up(LogLevel(level))

        assert logging.getLogger("forebay.worker").getEffectiveLevel() == ours
        assert logging.getLogger("kombu").getEffectiveLevel() == others
        assert logging.getLogger("httpx").getEffectiveLevel() == max(others, logging.WARNING)

    def test_the_form_is_chosen(self, capsys: pytest.CaptureFixture[str]) -> None:
        set_up(log_format=LogFormat.JSON)
        logging.getLogger("forebay").warning("late", extra={"event": "window_late"})

        assert json.loads(capsys.readouterr().err)["event"] == "window_late"


@pytest.mark.parametrize(("word", "level"), [("INFO", "info"), ("Warning", "warning"), ("debug", "debug")])
def test_a_level_is_taken_as_celery_and_people_write_it(word: str, level: str) -> None:
    assert LogLevel(word) is LogLevel(level)


@pytest.mark.parametrize(
    ("number", "level"), [(None, "info"), (10, "debug"), (20, "info"), (25, "warning"), (30, "warning"), (50, "error")]
)
def test_celerys_level_is_one_of_ours(number: int | None, level: str) -> None:
    assert LogLevel.of(number) is LogLevel(level)


def test_each_line_says_what_it_is_and_what_it_says_is_written() -> None:
    """Each call names its event, and a field that the formatters do not know would be lost."""
    unnamed, lost = [], []
    for path, module in modules().items():
        for node in ast.walk(module):
            if not path.startswith(("bench/", "sandbox/", "cli/embedded/")) and _is_log_call(node):
                extra = next((word.value for word in node.keywords if word.arg == "extra"), None)
                if extra is None:
                    unnamed.append(f"{path}:{node.lineno}")
                elif isinstance(extra, ast.Dict):
                    keys = [key.value for key in extra.keys if isinstance(key, ast.Constant)]
                    lost += [f"{path}:{node.lineno}: {key}" for key in keys if key not in FIELDS]

    assert (unnamed, lost) == ([], [])


def _is_log_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level)):
            return level in ("debug", "info", "warning", "error", "exception")
    return False
