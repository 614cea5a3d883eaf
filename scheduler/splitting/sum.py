"""What parts come to together, in the form of one manifest: for whoever counts, checks and compares results."""

from collections.abc import Sequence

from forebay.landing.manifest import CsvPart, Manifest


def summed(parts: Sequence[Manifest]) -> Manifest:
    """One manifest for all of them, which is never written. Raises ValueError for none.

    Its object is the first part's but for the bytes; its columns are those of the first, as checks see to the others.
    """
    if not parts:
        raise ValueError("there are no parts to sum up")
    records = [part.csv.records for part in parts]
    first = parts[0]
    csv = CsvPart(
        bytes=sum(part.csv.bytes for part in parts),
        sha256="",
        records=None if None in records else sum(count or 0 for count in records),
        columns=first.csv.columns,
    )
    stored = first.object.model_copy(update={"bytes": sum(part.object.bytes for part in parts)})
    return first.model_copy(update={"csv": csv, "object": stored, "delivered_bytes": None})
