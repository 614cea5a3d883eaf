"""Says what becomes of a text that Trino would not run."""


class SqlRefusedError(Exception):
    """Raised when the text is no query that Trino would run; the message is meant for the person who wrote it."""
