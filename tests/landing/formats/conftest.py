"""Lands a result in a format, without a network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from forebay.landing.body import Body
from forebay.landing.content import Content
from forebay.landing.fetch import Delivery
from forebay.landing.formats.column_rules import AS_TEXT, ColumnRules
from forebay.landing.formats.format import Format, Limits
from forebay.landing.output import Output, Target
from forebay.store.local import LocalStore

Store = Callable[..., "Stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a format made of a body."""

    output: Output
    content: Content
    data: bytes
    """The object."""


@pytest.fixture
def stored(folder: LocalStore) -> Store:
    def run(
        write: Format,
        data: bytes,
        content_type: str,
        *,
        limits: Limits | None = None,
        piece: int = 1 << 16,
        columns: ColumnRules = AS_TEXT,
        stem: str = "batch/acct_1/fees",
    ) -> Stored:
        chunks: Iterator[bytes] = (data[start : start + piece] for start in range(0, len(data), piece))
        content = Content()
        with ExitStack() as stack:
            delivery = Delivery(chunks=chunks, declared_bytes=len(data))
            body = Body(delivery, content_type=content_type, size=len(data), progress=lambda _: None)
            target = Target(folder, stem, stack, columns=columns)
            output = write(body, content, target, limits or Limits())
            body.check_whole(content)
            output.commit()
        return Stored(output=output, content=content, data=folder.get(output.key))

    return run
