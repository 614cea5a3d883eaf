"""Says how a bucket is to keep objects: encrypted with which key, in which storage class, with which tags.

Settings say it for all that is written to S3, and the options of a destination's URL (`s3://bucket/prefix?tag.team=x`)
for that destination; `store.s3client` sends it with whatever makes an object. Raises BadUrl for what S3 would refuse.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from forebay.store.errors import BadUrl

S3_KEY = "AES256"
KMS = "aws:kms"
ENCRYPTIONS = (S3_KEY, KMS, "aws:kms:dsse")
#: Objects there cannot be read before they are restored, which takes hours; results are read as soon as they are there.
OFFLINE = ("GLACIER", "DEEP_ARCHIVE")
#: S3's own limits.
MOST_TAGS, _MOST_KEY, _MOST_VALUE = 10, 128, 256
_TAG = "tag."
_TAG_TEXT = re.compile(r"[\w +\-=.:/@]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOptions:
    """How objects are kept; None and nothing leave it to the bucket."""

    encryption: str | None = None
    kms_key: str | None = None
    """Id, ARN or alias of the key; None with a KMS encryption is the account's own `aws/s3`."""
    storage_class: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def made(
        cls,
        *,
        encryption: str | None = None,
        kms_key: str | None = None,
        storage_class: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "ObjectOptions":
        """Makes them of what somebody wrote; a key alone means KMS. Raises BadUrl."""
        if kms_key and encryption is None:
            encryption = KMS
        if encryption is not None and encryption not in ENCRYPTIONS:
            raise BadUrl(f"encryption is one of {', '.join(ENCRYPTIONS)}; not {encryption}")
        if kms_key and encryption == S3_KEY:
            raise BadUrl(f"kms_key goes with encryption {KMS}; {S3_KEY} is S3's own key")
        if storage_class in OFFLINE:
            raise BadUrl(
                f"objects of storage_class {storage_class} cannot be read at once, as results are: GLACIER_IR can"
            )
        if storage_class is not None and not re.fullmatch(r"[A-Z][A-Z0-9_]*", storage_class):
            raise BadUrl("storage_class is a name like STANDARD_IA or INTELLIGENT_TIERING")
        options = cls(encryption=encryption, kms_key=kms_key, storage_class=storage_class, tags=tags or {})
        _check_tags(options.tags)
        return options

    @classmethod
    def of_query(cls, query: str) -> "ObjectOptions":
        """Reads the options of a URL, what is behind its `?`. Raises BadUrl."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
        except ValueError:
            raise BadUrl(f"the options of an S3 destination are {_KNOWN}, as name=value with & between them") from None
        given = dict(pairs)
        if len(given) < len(pairs):
            raise BadUrl("an option of an S3 destination stands there twice")
        tags = {name.removeprefix(_TAG): given.pop(name) for name in list(given) if name.startswith(_TAG)}
        for name, value in given.items():
            if name not in _NAMES:
                raise BadUrl(f"{name!r} is no option of an S3 destination: {_KNOWN}")
            if not value:
                raise BadUrl(f"the option {name} of an S3 destination is empty")
        return cls.made(**given, tags=tags)

    def over(self, general: "ObjectOptions") -> "ObjectOptions":
        """Gives these where they say something, else the general ones; a key stays with its encryption.

        Raises BadUrl for more tags than S3 takes.
        """
        tags = {**general.tags, **self.tags}
        _check_tags(tags)
        mine = self if self.encryption else general
        return ObjectOptions(
            encryption=mine.encryption,
            kms_key=mine.kms_key,
            storage_class=self.storage_class or general.storage_class,
            tags=tags,
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Says it to boto3."""
        tagging = urlencode(self.tags) if self.tags else None
        said = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key,
            "StorageClass": self.storage_class,
            "Tagging": tagging,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def rights(self) -> str:
        """Says what else credentials need for them, to follow a list of rights."""
        kms = ", and kms:GenerateDataKey and kms:Decrypt on the key" if (self.encryption or "").startswith(KMS) else ""
        return (", and s3:PutObjectTagging" if self.tags else "") + kms

    def without_each(self) -> dict[str, "ObjectOptions"]:
        """Gives, for each option that is set, in words: all of the others."""
        fewer: dict[str, ObjectOptions] = {}
        if self.encryption:
            key = f" with the key {self.kms_key}" if self.kms_key else ""
            fewer[f"encryption {self.encryption}{key}"] = replace(self, encryption=None, kms_key=None)
        if self.storage_class:
            fewer[f"storage class {self.storage_class}"] = replace(self, storage_class=None)
        if self.tags:
            fewer[f"tags {', '.join(sorted(self.tags))}"] = replace(self, tags={})
        return fewer

    def provide_to(self, client: Any) -> None:
        """Has a client of boto3 send them with each request that makes an object: put, copy, and multipart upload."""
        given = self.parameters
        # Else a copy has the tags of its source, which may be another destination's.
        of_copy = given | ({"TaggingDirective": "REPLACE"} if self.tags else {})
        for operation, extra in (("PutObject", given), ("CreateMultipartUpload", given), ("CopyObject", of_copy)):
            if extra:
                client.meta.events.register(f"provide-client-params.s3.{operation}", _adding(extra))


_NAMES = ("encryption", "kms_key", "storage_class")
_KNOWN = f"{', '.join(_NAMES)} and {_TAG}NAME"


def _adding(extra: Mapping[str, str]) -> Any:
    return lambda params, **_: {**extra, **params}


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise BadUrl(f"an object has at most {MOST_TAGS} tags, and these are {len(tags)}")
    for name, value in tags.items():
        good = _TAG_TEXT.fullmatch(name + value) and not name.lower().startswith("aws:")
        if not name or len(name) > _MOST_KEY or len(value) > _MOST_VALUE or not good:
            raise BadUrl(
                f"{name[:80]!r} is no tag that S3 takes: names have 1 to {_MOST_KEY}, values up to {_MOST_VALUE} "
                "letters, digits, blanks and + - = . _ : / @, and no name begins with aws:"
            )
