"""Proves the parts of an upload: by CRC-32 where the server compares it and says so, by MD5 where it does not.

Each server that speaks S3 compares an MD5, which costs more than all else that is done with a part. A CRC-32 costs
nearly nothing, and is what S3 keeps; but there are servers that take its header and never look at it, and some that
refuse it. So an upload asks for it, and a part has both until an answer has shown the sum that the server computed.
One that only said our sum again would be believed: it could be told from one that computes it by a sum that is wrong on
purpose alone, which others would take for an attack or a fault. What is stored is as long as what was written in any
case, TLS proves what goes over the wire, and `forebay verify` what lies there.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from isal import isal_zlib

from forebay.store.errors import Unavailable


def content_md5(data: bytes | memoryview) -> str:
    """Hashes a body for the server to compare. Unlike S3's newer checksums, every server that speaks S3 knows it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def content_crc32(data: bytes | memoryview) -> str:
    """Sums up a body as S3 writes it: CRC-32, big-endian, in base64."""
    return base64.b64encode(isal_zlib.crc32(data).to_bytes(4, "big")).decode()


class PartSums:
    """What one server was seen to do with sums. Safe to share between threads: what is written is only ever learned."""

    def __init__(self) -> None:
        self.refuses_crc = False
        """It does not begin an upload that asks for CRC-32."""
        self._compares_crc = False

    def of(self, part: bytes | memoryview, *, by_crc: bool) -> dict[str, str]:
        """Gives the headers of a part, by their names in boto3; with `by_crc` its upload asked for CRC-32."""
        if not by_crc:
            return {"ContentMD5": content_md5(part)}
        crc = {"ChecksumCRC32": content_crc32(part)}
        return crc if self._compares_crc else {**crc, "ContentMD5": content_md5(part)}

    def learn(self, sent: Mapping[str, str], answer: Mapping[str, Any], key: str) -> None:
        """Learns from the answer to a part. Raises Unavailable if the server computed another sum."""
        ours, theirs = sent.get("ChecksumCRC32"), answer.get("ChecksumCRC32")
        if ours and theirs and theirs != ours:
            raise Unavailable(f"{key!r}: a part arrived with CRC-32 {theirs}, and was sent with {ours}")
        if ours and not theirs and "ContentMD5" not in sent:
            self._compares_crc = False
            raise Unavailable(f"{key!r}: the store compares CRC-32 no more; the next try is proven by MD5")
        self._compares_crc = bool(ours and theirs)
