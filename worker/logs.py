"""Formats log lines for people, with fields for machines: `text  event=… lane=… run=…`.

Ids everywhere, payloads nowhere. Secrets cannot come in by accident: keys and URLs are `SecretStr`, and httpx's
own lines, which name the signed URL, are off.
"""

import logging

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


class FieldsFormatter(logging.Formatter):
    """Appends the known fields of a record to its text."""

    def format(self, record: logging.LogRecord) -> str:
        fields = [f"{name}={value}" for name in FIELDS if (value := getattr(record, name, None)) is not None]
        return "  ".join([super().format(record), " ".join(fields)]).rstrip()


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
