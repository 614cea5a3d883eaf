"""Formats log lines for people, with fields for machines: `text  event=… lane=… run=…`.

Ids everywhere, payloads nowhere. Secrets cannot come in by accident: keys and URLs are `SecretStr`, and httpx's
own lines, which name the signed URL, are off. What others wrote forges nothing: a record is one line, the lines of a
traceback are indented, and a value that could pass for more than one is quoted.
"""

import json
import logging
from typing import Any

from forebay.config.printable import printable, printable_lines

FIELDS = (
    "event",
    "lane",
    "run",
    "attempt",
    "query_run",
    "error_class",
    "code",
    "request_id",
    "elapsed_ms",
    "stored_bytes",
)


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
    """Appends the known fields of a record to its text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        fields = [f"{name}={_value(value)}" for name in FIELDS if (value := getattr(record, name, None)) is not None]
        return "  ".join([super().formatMessage(record), " ".join(fields)]).rstrip()


def _value(value: object) -> str:
    text = str(value)
    return (
        text if text.isprintable() and not set(text) & set(' "=') else printable(json.dumps(text, ensure_ascii=False))
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in printable_lines(text))


def set_up(level: int | str | None) -> None:
    """Logs to stderr. Called once, by Celery, in place of its own set-up."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldsFormatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level or logging.INFO)
    for chatty in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # "Task … received/succeeded", twice for each step of each run, says nothing that our own lines do not.
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
