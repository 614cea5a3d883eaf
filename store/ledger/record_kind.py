"""Reads and writes the small files of the ledger: each kind is a JSON object of a known format, under a key of its own.

`ledger.py` and `marks.py` list the kinds that there are. Reading is tolerant: unknown fields are ignored, so a newer
Forebay may add some. A change that an older one would misread raises the kind's format, and then the older one refuses
instead of guessing.
"""

import json
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from forebay.config.read_json import read_json
from forebay.store.errors import BadRecord, NotFound
from forebay.store.interface import Store

At = ParamSpec("At")
R = TypeVar("R")


class Stored(BaseModel):
    """A value that is kept in the ledger's files, or in a part of one."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordKind(Generic[At, R]):
    """A kind of record: what it says, and which key it has, given what it is about.

    Every method raises StoreError; those that read raise BadRecord for what they do not understand, and those that
    write raise ValueError for what could not be read again, such as a time without a zone.
    """

    def __init__(
        self,
        shape: TypeAdapter[R],
        key: Callable[At, str],
        *,
        version: int = 1,
        misread_before: Callable[[R], bool] | None = None,
    ) -> None:
        """Takes `misread_before`, which tells the records that an older Forebay would misread.

        The format of these is one more; all others keep theirs, so that older ones go on reading them.
        """
        self._shape = shape
        self.key = key
        self._version = version
        self._misread_before = misread_before

    def get(self, store: Store, *at: At.args, **named: At.kwargs) -> R:
        """Reads a record. Raises NotFound."""
        return self.read(store, self.key(*at, **named))

    def find(self, store: Store, *at: At.args, **named: At.kwargs) -> R | None:
        """Reads a record if there is one."""
        try:
            return self.get(store, *at, **named)
        except NotFound:
            return None

    def exists(self, store: Store, *at: At.args, **named: At.kwargs) -> bool:
        """Tells whether there is a record, without reading it."""
        return store.size(self.key(*at, **named)) is not None

    def put(self, store: Store, record: R, *at: At.args, **named: At.kwargs) -> None:
        """Writes a record, replacing an older one."""
        store.put(self.key(*at, **named), self.dump(record))

    def create(self, store: Store, record: R, *at: At.args, **named: At.kwargs) -> bool:
        """Writes a record unless there is one; False says that there was."""
        return store.create(self.key(*at, **named), self.dump(record))

    def read(self, store: Store, key: str) -> R:
        """Reads the record under a key that was listed. Raises NotFound."""
        return self.load(key, store.get(key))

    def load(self, key: str, data: bytes) -> R:
        """Understands a record's bytes; `key` is for the message."""
        try:
            record = read_json(data)
            version = record["format"]
        except (KeyError, TypeError, ValueError) as exc:
            raise BadRecord(key, "is no JSON object with a format") from exc
        newest = self._version + (self._misread_before is not None)
        if version not in (self._version, newest):
            raise BadRecord(key, f"has format {version!r}; this Forebay reads {newest}")
        try:
            return self._shape.validate_python(record)
        except ValidationError as exc:
            # Not `from exc`: it carries the values, and an engine's message may quote the rows that it stumbled over.
            raise BadRecord(key, f"lacks something or has it in another form: {_first_problem(exc)}") from None

    def dump(self, record: R) -> bytes:
        """Gives a record's bytes."""
        fields: dict[str, Any] = self._shape.dump_python(record, mode="json")
        self._shape.validate_python(fields)
        version = self._version + bool(self._misread_before and self._misread_before(record))
        return json.dumps({"format": version, **fields}, indent=1).encode() + b"\n"


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
