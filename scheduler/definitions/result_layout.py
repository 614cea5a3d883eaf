"""Says where the results of a definition's batch go: its layout, with definition and window filled in.

Batch, account and name stay open: the batch's record keeps the layout so (`BatchTerms.layout`), and so it keeps its
places whatever becomes of the spec.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from forebay.config.document.definitions import ExtractSpec
from forebay.config.document.layout import Field, Layout, default_format, is_told_in_utc
from forebay.config.document.result_places import layout_of, write_of
from forebay.config.write_mode import WriteMode
from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.definitions.spec_to_policy import Asked
from forebay.store.key_rules import plain_segment


def result_layout(definition: Definition, asked: Asked | None) -> str:
    """Fills in what is known of a batch before it is accepted."""
    windows = definition.spec.window.every if isinstance(definition.spec, ExtractSpec) else None
    known = {"extract": definition.name, "definition": definition.name}
    if asked:
        zone = UTC if windows is not None and is_told_in_utc(windows) else ZoneInfo(asked.timezone)
        window = asked.window
        moments = {"window.start": window.start.astimezone(zone), "window.end": window.end.astimezone(zone)}
    else:
        moments = {}
    layout = layout_of(definition.spec, definition.written.spec.defaults)
    return _filled(layout, known, moments, default_format(windows)).removesuffix(".{ext}")


def write_mode(definition: Definition) -> WriteMode:
    """Says what happens where another result is."""
    return write_of(definition.spec, definition.written.spec.defaults)


def _filled(layout: Layout, known: dict[str, str], moments: dict[str, datetime], written: str) -> str:
    def value(field: Field) -> str:
        if field.name in moments:
            return moments[field.name].strftime(field.format or written)
        return plain_segment(known[field.name]) if field.name in known else f"{{{field.name}}}"

    return "".join(token if isinstance(token, str) else value(token) for token in layout.tokens)
