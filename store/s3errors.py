"""Translates botocore's errors into ours. Used around every call of `store.s3` and `store.multipart`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as EndpointError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError as Urllib3Error

from forebay.store.errors import Denied, NoSuchBucket, NotFound, OptionRefused, Refused, StoreError, Unavailable

_NOT_FOUND = {"NoSuchKey", "404", "NotFound"}
_NO_BUCKET = {"NoSuchBucket"}
_DENIED = {
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "403",
    "401",
}
#: `NoSuchUpload`: the upload was aborted or already completed by a call whose answer was lost. `BadDigest`: the
#: body was changed on its way. For both, writing the object anew is the cure.
_AGAIN = {"SlowDown", "RequestTimeout", "ConditionalRequestConflict", "NoSuchUpload", "BadDigest"}
#: Of how an object is to be kept: its key, its class, its tags. KMS says all else of a key as `KMS.…`.
_OPTIONS = {"InvalidStorageClass", "InvalidTag", "InvalidEncryptionAlgorithmError"}
#: A key or tags that are denied, told from all else that is AccessDenied, where the server names the action.
_OPTION_DENIED = re.compile(r"perform: (kms:\w+|s3:PutObjectTagging)\b")
#: What KMS says of itself and of no key.
_KMS_AGAIN = ("ThrottlingException", "KMSInternalException", "DependencyTimeoutException")
_NETWORK = (EndpointError, HTTPClientError, IncompleteReadError, ResponseStreamingError, Urllib3Error)


class AlreadyThere(Refused):
    """Raised when a conditional put found an object; never leaves `store`."""


class NoAnswerOfS3(Refused):
    """Raised when what answered is no S3 server; `probe` says which."""


@contextmanager
def translated(bucket: str, key: str) -> Iterator[None]:
    """Raises our error for whatever botocore raises inside; text says where, and quotes no request."""
    try:
        yield
    except ClientError as exc:
        raise _from_answer(exc, bucket, key) from exc
    except (NoCredentialsError, PartialCredentialsError) as exc:
        raise Denied(f"no complete credentials for bucket {bucket!r}: {exc}") from exc
    except _NETWORK as exc:
        # Its own text may hold the whole URL of the request.
        raise Unavailable(f"bucket {bucket!r}, {key!r}: {type(exc).__name__}") from exc
    except ResponseParserError as exc:
        # Its own text may hold the whole page.
        raise NoAnswerOfS3(f"bucket {bucket!r}, {key!r}: the answer is none of S3") from exc
    except BotoCoreError as exc:
        raise Refused(f"bucket {bucket!r}, {key!r}: {exc}") from exc


def _from_answer(exc: ClientError, bucket: str, key: str) -> StoreError:
    code = exc.response.get("Error", {}).get("Code", "")
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    where = f"bucket {bucket!r}, {key!r}: {code or status}"
    if code in _NOT_FOUND:
        return NotFound(key)
    if code.endswith(_KMS_AGAIN):
        return Unavailable(where)
    if code in _OPTIONS or code.startswith("KMS."):
        return OptionRefused(where)
    if action := _OPTION_DENIED.search(exc.response.get("Error", {}).get("Message", "")):
        return OptionRefused(f"{where} ({action[1]})")
    if code in _NO_BUCKET:
        return NoSuchBucket(f"bucket {bucket!r} does not exist")
    if code in _DENIED or status in (401, 403):
        return Denied(where)
    if code == "PreconditionFailed" or status == 412:
        return AlreadyThere(where)
    if status == 501:  # what a server does not have it has not the next time either
        return Refused(where)
    if code in _AGAIN or status >= 500 or status in (408, 409, 429):
        return Unavailable(where)
    return Refused(where) if code else NoAnswerOfS3(where)
