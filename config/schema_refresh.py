"""Names when the tables of a connection are fetched anew by themselves."""

from enum import StrEnum


class SchemaRefresh(StrEnum):
    """When beat fetches tables and columns."""

    NEVER = "never"  # only `forebay schema` does
    DAILY = "daily"  # once a day
