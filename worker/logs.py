"""Formats log lines: for people `text  event=… lane=… run=…`, or as JSON, an object a line (FOREBAY_LOG_FORMAT).

Each line names what it is about. A record that names a run names its batch, too, one that names a batch of an extract
names that and its window, and one that tells of an exception names its class: nobody who logs has to. Ids everywhere,
payloads nowhere. Secrets cannot come in by accident: keys and URLs are `SecretStr`, and httpcore's own lines of where
redirects lead are off at every level. What others wrote forges nothing: a record is one line, the lines of a traceback
are indented, and a value that could pass for more than one is quoted.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from forebay.config.log_choices import LogFormat, LogLevel
from forebay.config.printable import printable, printable_json, printable_lines

#: What a record may be about, in the order in which it is shown.
FIELDS = (
    "event",
    "extract",
    "window",
    "batch",
    "lane",
    "connection",
    "account",
    "query",
    "run",
    "attempt",
    "query_run",
    "outcome",
    "error_class",
    "error",
    "code",
    "request_id",
    "host",
    "elapsed_ms",
    "stored_bytes",
    "retry",
    "observed_by",
    "freed_after_s",
    "path",
)

#: A batch of an extract's window, as `scheduler/windows/calendar.py` names it.
_OF_A_WINDOW = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.(\d{8}T\d{4}(?:\d\d)?Z-\d{8}T\d{4}(?:\d\d)?Z)(?:\.r\d+)?")

#: Loggers of others that say too much. Those of HTTP would name signed URLs; Celery's tell each step twice.
_CHATTY = (
    *("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer"),
    *("celery.worker.strategy", "celery.app.trace"),
)


def about(record: logging.LogRecord) -> dict[str, object]:
    """Collects what a record is about, and what follows from that."""
    known = {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
    if error := _error(record):
        known.setdefault("error", error)
    run = known.get("run")
    if run is not None and "batch" not in known:
        known["batch"] = str(run).rpartition("/")[0]
    window = _OF_A_WINDOW.fullmatch(str(known.get("batch", "")))
    if window:
        known.setdefault("extract", window[1])
        known.setdefault("window", window[2])
    return {name: known[name] for name in FIELDS if name in known}


def _error(record: logging.LogRecord) -> str | None:
    """Names the class of the exception that a record tells of."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    told = (record.exc_info[1] if record.exc_info else None, *arguments)
    return next((type(each).__name__ for each in told if isinstance(each, BaseException)), None)


class PrintableFormatter(logging.Formatter):
    """Writes a record on one line, and a traceback on lines that cannot be taken for records."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's own name
        return _indented(super().formatStack(stack_info))


class FieldsFormatter(PrintableFormatter):
    """Appends to a record's text what it is about."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        fields = [f"{name}={_value(value)}" for name, value in about(record).items()]
        return "  ".join([super().formatMessage(record), " ".join(fields)]).rstrip()


class JsonFormatter(logging.Formatter):
    """Writes a record as one object on one line: when, how bad, who, what, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Gives the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"ts": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        told = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return printable_json({**said, **about(record), **told})


def _value(value: object) -> str:
    text = str(value)
    return (
        text if text.isprintable() and not set(text) & set(' "=') else printable(json.dumps(text, ensure_ascii=False))
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in printable_lines(text))


def set_up(level: LogLevel | None = None, log_format: LogFormat = LogFormat.TEXT) -> None:
    """Logs to stderr. Called once a process, by Celery in place of its own set-up.

    At DEBUG only what is ours says more: others would say what they send.
    """
    handler = logging.StreamHandler()
    text = FieldsFormatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s")
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else text)
    root, number = logging.getLogger(), (level or LogLevel.INFO).number
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    logging.getLogger("forebay").setLevel(number)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
