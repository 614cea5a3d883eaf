"""Objects' options: read, merged, sent with every request that makes an object, and told when they are refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from forebay.store.errors import BadUrl, Denied, OptionRefused, StoreError, Unavailable
from forebay.store.object_options import KMS, MOST_TAGS, ObjectOptions
from forebay.store.s3 import S3Store
from forebay.store.urls import bucket_of, object_options_of
from tests.store.conftest import MIB
from tests.store.refusals import answer, refuse_puts_with
from tests.store.test_s3 import write

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
ALL = ObjectOptions(
    encryption=KMS, kms_key=KEY, storage_class="STANDARD_IA", tags={"team": "fin + co", "source": "a/b"}
)

Requests = list[tuple[str, dict[str, str]]]


@pytest.fixture
def kept(s3_store: S3Store) -> Iterator[S3Store]:
    """A store in the same place whose objects are to be kept in all ways that there are."""
    store = S3Store(s3_store._bucket, "some/prefix", options=replace(s3_store._options, objects=ALL))
    yield store
    store.close()


def seen(store: S3Store) -> Requests:
    """Notes the requests that a store sends from now on, with what of their headers says how objects are kept."""
    sent: Requests = []

    def note(request: AWSPreparedRequest, event_name: str, **_: object) -> None:
        names = [name for name in request.headers if name.lower().startswith("x-amz-")]
        headers = {name.lower().removeprefix("x-amz-"): _text(request.headers[name]) for name in names}
        wanted = ("server-side", "storage-class", "tagging")
        sent.append(
            (
                event_name.rpartition(".")[2],
                {name: value for name, value in headers.items() if name.startswith(wanted)},
            )
        )

    store._client.meta.events.register("before-send.s3", note)
    return sent


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


SAID = {
    "server-side-encryption": "aws:kms",
    "server-side-encryption-aws-kms-key-id": KEY,
    "storage-class": "STANDARD_IA",
    "tagging": "team=fin+%2B+co&source=a%2Fb",
}


def small(store: S3Store) -> None:
    write(store, "key", 10)


def large(store: S3Store) -> None:
    write(store, "key", 11 * MIB)


def copied(store: S3Store) -> None:
    store.copy("source", "key")


def copied_in_parts(store: S3Store) -> None:
    store.copy("large", "key")


@pytest.mark.parametrize(
    ("make", "operation", "more"),
    [
        (lambda store: store.put("key", b"x"), "PutObject", {}),
        (lambda store: store.create("key", b"x"), "PutObject", {}),
        (small, "PutObject", {}),
        (large, "CreateMultipartUpload", {}),
        (copied, "CopyObject", {"tagging-directive": "REPLACE"}),
        (copied_in_parts, "CreateMultipartUpload", {}),
    ],
)
def test_whatever_makes_an_object_says_how_it_is_kept(
    kept: S3Store, s3_store: S3Store, make: Callable[[S3Store], object], operation: str, more: dict[str, str]
) -> None:
    s3_store.put("source", b"x")
    write(s3_store, "large", 11 * MIB)
    requests = seen(kept)

    make(kept)

    assert [headers for name, headers in requests if name == operation] == [SAID | more]
    place: Any = {"Bucket": kept._bucket, "Key": "some/prefix/key"}
    head = s3_store._client.head_object(**place)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["StorageClass"]) == (KMS, KEY, "STANDARD_IA")
    tags = s3_store._client.get_object_tagging(**place)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == ALL.tags


def test_who_asks_for_nothing_sends_nothing(s3_store: S3Store) -> None:
    requests = seen(s3_store)

    large(s3_store)
    s3_store.put("source", b"x")
    copied(s3_store)

    assert {name for name, _ in requests} >= {"PutObject", "CreateMultipartUpload", "CopyObject"}
    assert not any(headers for _, headers in requests)


def test_a_url_says_how_objects_are_kept() -> None:
    url = f"s3://bucket/some/prefix?encryption=aws:kms&kms_key={KEY}&storage_class=STANDARD_IA&tag.team=fin%20%2B%20co"

    assert bucket_of(url) == ("bucket", "some/prefix")
    assert object_options_of(url) == replace(ALL, tags={"team": "fin + co"})
    assert object_options_of(f"s3://b?kms_key={KEY}") == ObjectOptions(encryption=KMS, kms_key=KEY)
    assert object_options_of("s3://b/x") == ObjectOptions()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "encrypt=AES256",
            "'encrypt' is no option of an S3 destination: encryption, kms_key, storage_class and tag.NAME",
        ),
        ("encryption", "as name=value"),
        ("encryption=", "encryption of an S3 destination is empty"),
        ("encryption=none", "encryption is one of AES256, aws:kms, aws:kms:dsse; not none"),
        ("encryption=AES256&kms_key=x", "kms_key goes with encryption aws:kms"),
        ("tag.a=1&tag.a=2", "twice"),
        ("storage_class=GLACIER", "GLACIER cannot be read at once"),
        ("storage_class=standard", "a name like STANDARD_IA"),
        ("tag.=x", "is no tag that S3 takes"),
        ("tag.aws:x=x", "is no tag that S3 takes"),
        ("tag.a=b%0A", "is no tag that S3 takes"),
        (f"tag.a={'b' * 257}", "is no tag that S3 takes"),
        ("&".join(f"tag.{number}=x" for number in range(MOST_TAGS + 1)), "at most 10 tags, and these are 11"),
    ],
)
def test_what_s3_would_refuse_is_refused_before_anything_is_sent(query: str, words: str) -> None:
    with pytest.raises(BadUrl, match=words):
        bucket_of(f"s3://bucket/prefix?{query}")


def test_a_destination_goes_before_the_settings_and_keeps_a_key_with_its_encryption() -> None:
    own = ObjectOptions(encryption="AES256", tags={"team": "tax"})

    assert own.over(ALL) == ObjectOptions(
        encryption="AES256", storage_class="STANDARD_IA", tags={"team": "tax", "source": "a/b"}
    )
    assert ObjectOptions(storage_class="ONEZONE_IA").over(ALL) == replace(ALL, storage_class="ONEZONE_IA")
    many = ObjectOptions(tags={str(number): "" for number in range(MOST_TAGS - 1)})
    with pytest.raises(BadUrl, match="at most 10 tags"):
        many.over(ALL)


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (400, "KMS.DisabledException", "arn is disabled.", OptionRefused),
        (400, "KMS.NotFoundException", "Key does not exist", OptionRefused),
        (400, "KMS.ThrottlingException", "Rate exceeded", Unavailable),
        (
            403,
            "AccessDenied",
            "User: u is not authorized to perform: kms:GenerateDataKey on resource: k",
            OptionRefused,
        ),
        (403, "AccessDenied", "User: u is not authorized to perform: s3:PutObjectTagging on resource", OptionRefused),
        (403, "AccessDenied", "User: u is not authorized to perform: s3:PutObject on resource", Denied),
        (400, "InvalidStorageClass", "", OptionRefused),
    ],
)
def test_a_key_that_is_denied_is_told_from_a_bucket_that_is(
    s3_store: S3Store,
    fail_s3: Callable[[str, object], None],
    status: int,
    code: str,
    message: str,
    error: type[StoreError],
) -> None:
    fail_s3("PutObject", answer(status, code, message=message))

    with pytest.raises(error) as caught:
        s3_store.put("key", b"x")
    assert type(caught.value) is error
    assert "User: u" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "x-amz-server-side-encryption",
            f"without encryption aws:kms with the key {KEY} it takes objects.*kms:Decrypt",
        ),
        ("x-amz-storage-class", "without storage class STANDARD_IA it takes objects: the bucket has no such class"),
        ("x-amz-tagging", "without tags source, team it takes objects: these credentials need s3:PutObjectTagging"),
    ],
)
def test_the_probe_tells_which_option_is_refused(
    s3_store: S3Store, monkeypatch: pytest.MonkeyPatch, header: str, words: str
) -> None:
    refuse_puts_with(header, monkeypatch)
    store = S3Store(s3_store._bucket, "some/prefix", options=replace(s3_store._options, objects=ALL))

    with pytest.raises(OptionRefused, match=words):
        store.probe()

    assert list(s3_store.list()) == []
    store.close()


def test_the_probe_tells_missing_rights_where_no_option_alone_is_at_fault(
    s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_puts_with("content-md5", monkeypatch)
    store = S3Store(s3_store._bucket, "some/prefix", options=replace(s3_store._options, objects=ALL))

    with pytest.raises(Denied, match=r"s3:PutObject, .*and s3:PutObjectTagging, and kms:GenerateDataKey"):
        store.probe()
    store.close()
