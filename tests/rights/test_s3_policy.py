"""The policy for S3, on a server that enforces it: each operation of a store works, and none of its actions is idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from forebay.store.errors import Denied, StoreError
from forebay.store.s3 import S3Store
from forebay.store.s3_options import S3Options
from tests.rights.guarded_amazon import GuardedAmazon, guarded_amazon
from tests.rights.policies import actions, policy, without

POLICY = policy("s3")
#: As the policy names them.
LEDGER, DESTINATION = ("acme-forebay", "ledger"), ("acme-finance", "stripe")
MIB = 1 << 20
LONG_AGO = datetime.now(UTC) + timedelta(days=4)


@pytest.fixture(scope="module")
def amazon() -> Iterator[GuardedAmazon]:
    with guarded_amazon() as server:
        for bucket in (LEDGER[0], DESTINATION[0], "of-somebody-else"):
            server.client("s3").create_bucket(Bucket=bucket)
        yield server


def store(amazon: GuardedAmazon, bucket: str, prefix: str) -> S3Store:
    options = S3Options(
        endpoint=amazon.endpoint,
        region="us-east-1",
        access_key_id=amazon.access_key_id,
        secret_access_key=SecretStr(amazon.secret_access_key),
        part_bytes=5 * MIB,
        copy_part_bytes=5 * MIB,
        attempts=1,
    )
    return S3Store(bucket, prefix, options=options)


def put_and_get(at: S3Store) -> None:
    at.put("a/1", b"1")
    at.create("a/2", b"2")
    assert (at.get("a/1"), at.size("a/2"), at.size("a/3")) == (b"1", 1, None)


def list_all(at: S3Store) -> None:
    at.put("a/1", b"1")
    assert "a/1" in at.list()
    assert "a" in at.folders()


def delete(at: S3Store) -> None:
    at.put("b/1", b"1")
    at.put("b/2", b"2")
    at.delete("b/1")
    at.delete_all(["b/2"])
    assert at.size("b/1") is at.size("b/2") is None


def land_in_parts_and_publish(at: S3Store) -> None:
    with at.writer("_quarantine/large.csv", content_type="text/csv") as writer:
        writer.write(bytes(11 * MIB))
        writer.commit()
    at.copy("_quarantine/large.csv", "large.csv")
    assert at.size("large.csv") == 11 * MIB


def publish_a_small_one(at: S3Store) -> None:
    at.put("_quarantine/small.csv", b"n\n")
    at.copy("_quarantine/small.csv", "small.csv")
    assert at.get("small.csv") == b"n\n"


def give_up_halfway(at: S3Store) -> None:
    with at.writer("half.csv") as writer:
        writer.write(bytes(6 * MIB))
    assert [upload["Key"] for upload in at._uploads() if upload["Key"].endswith("half.csv")] == []


def sweep_what_was_left(at: S3Store) -> None:
    begun = at._client.create_multipart_upload(Bucket=at._bucket, Key=at._key("left.csv"))
    assert begun["UploadId"]
    assert at.sweep(LONG_AGO, lambda key: key == "left.csv") == 1


def probe(at: S3Store) -> None:
    at.probe()


OPERATIONS: list[Callable[[S3Store], None]] = [
    probe,
    put_and_get,
    list_all,
    delete,
    land_in_parts_and_publish,
    publish_a_small_one,
    give_up_halfway,
    sweep_what_was_left,
]


@pytest.mark.parametrize("place", [LEDGER, DESTINATION], ids=["ledger", "destination"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_store_does_all_that_it_does(
    amazon: GuardedAmazon, operation: Callable[[S3Store], None], place: tuple[str, str]
) -> None:
    amazon.allow(POLICY)
    with closing(store(amazon, *place)) as at:
        operation(at)


@pytest.mark.parametrize("action", sorted(actions(POLICY)))
def test_without_any_action_of_it_something_fails(amazon: GuardedAmazon, action: str) -> None:
    amazon.allow(without(action, POLICY))
    failed = []
    for operation in OPERATIONS:
        with closing(store(amazon, *DESTINATION)) as at:
            try:
                operation(at)
            except (StoreError, ClientError, AssertionError) as error:
                failed.append(error)

    assert failed, f"{action} is not needed"


@pytest.mark.parametrize(
    "place",
    [("acme-finance", "payroll"), ("of-somebody-else", "stripe")],
    ids=["another prefix", "another bucket"],
)
def test_what_is_not_ours_is_neither_read_nor_written(amazon: GuardedAmazon, place: tuple[str, str]) -> None:
    amazon.allow(POLICY)
    bucket, prefix = place
    amazon.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/secret.csv", Body=b"1")
    with closing(store(amazon, bucket, prefix)) as at:
        for forbidden in (lambda: at.get("secret.csv"), lambda: at.put("x", b""), lambda: at.delete("secret.csv")):
            with pytest.raises(Denied):
                forbidden()
