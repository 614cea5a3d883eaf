"""Writes and reads moments as parts of objects' names, so that who lists them need not read them.

A ledger's folder is also a folder of somebody's bucket or disk: what lies in it under a name that is not of ours is
passed over, and stops nobody.
"""

from datetime import UTC, datetime

_SECOND, _MINUTE = "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%MZ"


def second(moment: datetime) -> str:
    """Writes a moment down to the second, `20261129T013813Z`; the order of such names is that of time."""
    return f"{moment.astimezone(UTC):{_SECOND}}"


def minute(moment: datetime) -> str:
    """Writes a moment down to the minute, `20261129T0138Z`."""
    return f"{moment.astimezone(UTC):{_MINUTE}}"


def moment_in(name: str) -> datetime | None:
    """Reads what `second` or `minute` wrote; None for what neither did."""
    for form, write in ((_SECOND, second), (_MINUTE, minute)):
        try:
            moment = datetime.strptime(name, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if write(moment) == name:  # fewer digits are read, too
            return moment
    return None
