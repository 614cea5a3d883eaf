import itertools
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from forebay.store.errors import Denied, Incomplete, NoSuchBucket, OptionRefused, Refused, StoreError, Unavailable
from forebay.store.multipart import MAX_OBJECT_BYTES, MAX_PARTS, part_size
from forebay.store.part_buffer import MIB
from forebay.store.s3 import S3Store
from forebay.store.s3_options import S3Options
from tests.servers.s3 import PAGE_KEYS
from tests.store.refusals import answer

FailS3 = Callable[[str, object], None]


def write(store: S3Store, key: str, size: int) -> None:
    with store.writer(key) as writer:
        for start in range(0, size, MIB):
            writer.write(bytes(min(MIB, size - start)))
        writer.commit()


def test_no_object_that_s3_could_hold_needs_more_parts_than_s3_allows():
    assert sum(part_size(number, 5 * MIB) for number in range(1, MAX_PARTS + 1)) > MAX_OBJECT_BYTES


def test_every_result_as_stripe_sends_it_goes_in_parts_of_the_first_size():
    assert {part_size(number, 5 * MIB) for number in range(1, 1024 + 1)} == {5 * MIB}


def test_fifty_gigabytes_of_csv_go_in_parts_of_at_most_twice_that():
    parts = itertools.accumulate(part_size(number, 5 * MIB) for number in range(1, MAX_PARTS + 1))
    needed = next(number for number, together in enumerate(parts, start=1) if together >= 50_000_000_000)
    assert part_size(needed, 5 * MIB) == 10 * MIB


@given(number=st.integers(1, MAX_PARTS), first=st.integers(5 * MIB, 8 * MIB))
def test_parts_never_shrink_and_never_exceed_s3s_5_gib(number: int, first: int):
    assert first <= part_size(number, first) <= part_size(min(number + 1, MAX_PARTS), first) <= 5 << 30


def test_the_probe_tells_a_missing_bucket(s3_options: S3Options):
    store = S3Store("no-such-bucket", options=s3_options)
    with pytest.raises(NoSuchBucket, match="create it or correct the URL"):
        store.probe()
    store.close()


def test_the_probe_tells_missing_rights(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("PutObject", answer(403, "AccessDenied"))
    with pytest.raises(Denied, match=r"AccessDenied.*s3:PutObject"):
        s3_store.probe()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", Denied),
        (400, "ExpiredToken", Denied),
        (400, "KMS.DisabledException", OptionRefused),
        (400, "KMS.NotFoundException", OptionRefused),
        (404, "NoSuchBucket", NoSuchBucket),
        (405, "MethodNotAllowed", Refused),
        (503, "SlowDown", Unavailable),
    ],
)
def test_what_a_bucket_refuses_for_good_is_told_from_what_heals(
    s3_store: S3Store, fail_s3: FailS3, status: int, code: str, kind: type[StoreError]
):
    fail_s3("PutObject", answer(status, code))
    with pytest.raises(kind) as refused:
        s3_store.put("k", b"x")
    assert (type(refused.value), refused.value.retry) == (kind, kind is Unavailable)


def test_the_probe_finds_that_listing_is_not_allowed(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("HeadObject", answer(403))
    with pytest.raises(Denied, match="s3:ListBucket"):
        s3_store.probe()


def test_the_probe_tells_an_endpoint_where_nobody_listens(s3_options: S3Options):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        store = S3Store("bucket", options=replace(s3_options, endpoint=endpoint))
        with pytest.raises(Unavailable, match="check the endpoint, region and network"):
            store.probe()
        store.close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (503, "SlowDown", Unavailable),
        (500, "InternalError", Unavailable),
        (400, "RequestTimeout", Unavailable),
        (409, "ConditionalRequestConflict", Unavailable),
        (400, "BadDigest", Unavailable),
        (403, "SignatureDoesNotMatch", Denied),
        (403, "InvalidAccessKeyId", Denied),
        (400, "ExpiredToken", Denied),
        (404, "NoSuchBucket", NoSuchBucket),
        (400, "EntityTooLarge", Refused),
    ],
)
def test_answers_become_errors_that_say_whether_to_try_again(
    s3_store: S3Store, fail_s3: FailS3, status: int, code: str, error: type[StoreError]
):
    fail_s3("PutObject", answer(status, code))
    with pytest.raises(error) as caught:
        s3_store.put("key", b"x")
    assert type(caught.value) is error
    assert caught.value.retry is (error is Unavailable)


def test_a_part_that_is_refused_ends_the_upload(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("UploadPart", answer(503, "SlowDown"))
    with pytest.raises(Unavailable, match="SlowDown"):
        write(s3_store, "big", 30 * MIB)
    assert s3_store.size("big") is None


def test_a_refused_completion_leaves_nothing(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("CompleteMultipartUpload", answer(500, "InternalError"))
    with pytest.raises(Unavailable):
        write(s3_store, "big", 11 * MIB)
    assert s3_store.size("big") is None


def test_an_object_stored_with_another_length_is_removed(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("HeadObject", answer(200, headers={"Content-Length": "7"}))
    with pytest.raises(Incomplete, match="wrote 10 bytes, but the store has 7"):
        write(s3_store, "key", 10)
    assert list(s3_store.list()) == []


def test_the_first_error_is_not_hidden_by_an_abort_that_fails(
    s3_store: S3Store, fail_s3: FailS3, caplog: pytest.LogCaptureFixture
):
    uploads = []

    def interrupted() -> None:
        with s3_store.writer("big") as writer:
            writer.write(bytes(11 * MIB))
            uploads.append(writer._upload_id)
            fail_s3("AbortMultipartUpload", EndpointConnectionError(endpoint_url="http://secret-endpoint"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "could not abort an upload" in caplog.text
    assert "secret-endpoint" not in caplog.text
    tidy = S3Store(s3_store._bucket, options=s3_store._options)
    tidy._client.abort_multipart_upload(Bucket=tidy._bucket, Key="some/prefix/big", UploadId=uploads[0])
    tidy.close()


def test_listings_go_beyond_one_page(s3_store: S3Store):
    keys = [f"many/{number:02d}/x" for number in range(2 * PAGE_KEYS + 1)]
    for key in keys:
        s3_store.put(key, b"")
    assert list(s3_store.list("many/")) == keys
    assert list(s3_store.folders("many/")) == [key.split("/")[1] for key in keys]


def test_the_content_type_is_kept(s3_store: S3Store):
    for size in (1, 11 * MIB):
        with s3_store.writer("key", content_type="text/csv") as writer:
            writer.write(bytes(size))
            writer.commit()
        head = s3_store._client.head_object(Bucket=s3_store._bucket, Key="some/prefix/key")
        assert head["ContentType"] == "text/csv"


@pytest.mark.parametrize("size", [1, 11 * MIB])
def test_a_copy_keeps_the_content_type(s3_store: S3Store, size: int):
    with s3_store.writer("key", content_type="text/csv") as writer:
        writer.write(bytes(size))
        writer.commit()
    s3_store.copy("key", "other")
    head = s3_store._client.head_object(Bucket=s3_store._bucket, Key="some/prefix/other")
    assert head["ContentType"] == "text/csv"


@pytest.mark.parametrize(("operation", "size"), [("CopyObject", 1), ("UploadPartCopy", 11 * MIB)])
def test_a_refused_copy_leaves_nothing(s3_store: S3Store, fail_s3: FailS3, operation: str, size: int):
    write(s3_store, "key", size)
    fail_s3(operation, answer(503, "SlowDown"))
    with pytest.raises(Unavailable, match="SlowDown"):
        s3_store.copy("key", "other")
    assert list(s3_store.list()) == ["key"]


def test_objects_outside_the_prefix_are_not_seen(s3_store: S3Store):
    s3_store._client.put_object(Bucket=s3_store._bucket, Key="some/prefix-of-another/x", Body=b"")
    assert list(s3_store.list()) == []


def test_no_key_appears_in_any_text(s3_options: S3Options):
    options = replace(s3_options, secret_access_key=SecretStr("sEcReT"), session_token=SecretStr("tOkEn"))
    store = S3Store("bucket-that-is-not", options=options)
    with pytest.raises(NoSuchBucket) as caught:
        store.put("key", b"")
    store.close()
    for text in (repr(store), repr(options), str(caught.value), repr(caught.value.__cause__)):
        assert "sEcReT" not in text
        assert "tOkEn" not in text


def unfinished(store: S3Store) -> list[str]:
    return [upload["Key"] for upload in store._client.list_multipart_uploads(Bucket=store._bucket).get("Uploads", [])]


def begin_upload(store: S3Store, key: str) -> None:
    store._client.create_multipart_upload(Bucket=store._bucket, Key=key)


def requests(store: S3Store) -> list[str]:
    """The operations that are sent from here on."""
    sent: list[str] = []
    store._client.meta.events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    return sent


def test_uploads_of_writers_that_are_gone_are_aborted_after_three_days(s3_store: S3Store):
    for key in ("some/prefix/batch/a.csv", "some/prefix/batch/b.csv"):
        begin_upload(s3_store, key)
    now = datetime.now(UTC)
    sent = requests(s3_store)
    assert s3_store.sweep(now + timedelta(hours=71), lambda key: True) == 0
    looks = ["ListObjectsV2", "ListMultipartUploads"]
    assert sent == looks
    assert s3_store.sweep(now + timedelta(hours=73), lambda key: True) == 2
    assert sent[2:] == [*looks, "AbortMultipartUpload", "AbortMultipartUpload"]
    assert unfinished(s3_store) == []


def test_uploads_of_others_are_left_alone(s3_store: S3Store):
    others = ["elsewhere/a.csv", "some/prefix-of-others/a.csv", "some/prefix/backup.tar"]
    for key in others:
        begin_upload(s3_store, key)
    assert s3_store.sweep(datetime.now(UTC) + timedelta(days=9), lambda key: key.endswith(".csv")) == 0
    assert unfinished(s3_store) == others
    for upload in s3_store._client.list_multipart_uploads(Bucket=s3_store._bucket)["Uploads"]:
        s3_store._client.abort_multipart_upload(Bucket=s3_store._bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def test_an_upload_that_is_going_on_outlives_a_sweep(s3_store: S3Store):
    with s3_store.writer("big") as writer:
        for _ in range(11):
            writer.write(bytes(MIB))
        assert unfinished(s3_store) == ["some/prefix/big"]
        assert s3_store.sweep(datetime.now(UTC), lambda key: True) == 0
        writer.commit()
    assert s3_store.size("big") == 11 * MIB


def test_a_sweep_that_is_not_allowed_says_so(s3_store: S3Store, s3_options: S3Options):
    other = S3Store(s3_store._bucket, options=s3_options)
    other._client.meta.events.register("before-send.s3.ListMultipartUploads", lambda **_: answer(403, "AccessDenied"))
    with pytest.raises(Denied, match="unfinished uploads"):
        other.sweep(datetime.now(UTC), lambda key: True)
    other.close()


def test_a_thousand_objects_are_removed_in_one_request(s3_store: S3Store):
    requests: list[str] = []
    s3_store._client.meta.events.register("before-send.s3.DeleteObjects", lambda **_: requests.append("many"))
    s3_store._client.meta.events.register("before-send.s3.DeleteObject", lambda **_: requests.append("one"))
    s3_store.put("there", b"")
    s3_store.delete_all(["there", *(f"never/{number}" for number in range(1_200))])
    assert requests == ["many", "many"]
    assert list(s3_store.list()) == []


def test_where_many_cannot_be_removed_at_once_they_go_one_by_one(s3_store: S3Store, fail_s3: FailS3):
    fail_s3("DeleteObjects", answer(501, "NotImplemented"))
    for key in ("a", "b"):
        s3_store.put(key, b"")
    s3_store.delete_all(["a", "b"])
    assert list(s3_store.list()) == []
