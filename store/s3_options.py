"""Holds what the operator set of the way to S3: `runtime/open_runtime.py` makes it, `s3client.py` a client of it.

It stands apart from the client, so that boto3, with some 200 modules, is loaded by who opens a bucket.
"""

from dataclasses import dataclass, field

from pydantic import SecretStr

from forebay.store.object_options import ObjectOptions
from forebay.store.part_buffer import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How to reach S3. Without keys boto3 finds credentials its own way (role, profile, environment)."""

    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    part_bytes: int = 5 * MIB
    """First size of a part; S3 takes none below that but the last. A writer holds at most four parts in memory."""

    copy_part_bytes: int = 1 << 30
    """A larger object is copied in parts of this size; S3 copies at most 5 GiB in one request."""

    attempts: int = 4
    """How often botocore sends a request, with pauses, before the caller sees Unavailable."""

    objects: ObjectOptions = field(default_factory=ObjectOptions)
    """How what is written is kept."""
