"""The stores that tests run on: a local folder and a bucket on a real S3 server process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from forebay.store.interface import Store
from forebay.store.local import LocalStore
from forebay.store.s3 import S3Store
from forebay.store.s3_options import S3Options
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY

MIB = 1 << 20


@pytest.fixture
def s3_options(s3_endpoint: str) -> S3Options:
    return S3Options(
        endpoint=s3_endpoint,
        region="us-east-1",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SecretStr(SECRET_ACCESS_KEY),
        part_bytes=5 * MIB,  # the least that S3 takes
        copy_part_bytes=5 * MIB,
        attempts=1,
    )


@pytest.fixture
def s3_store(s3_options: S3Options) -> Iterator[S3Store]:
    """A store on a new bucket; it must end without unfinished uploads."""
    bucket = f"tests-{uuid4()}"
    store = S3Store(bucket, "some/prefix", options=s3_options)
    store._client.create_bucket(Bucket=bucket)
    yield store
    left = store._client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    store.close()
    assert not left, "an upload was neither completed nor aborted"


@pytest.fixture
def local_store(tmp_path: Path) -> Iterator[LocalStore]:
    """A store on a new folder; it must end without temporary files."""
    yield LocalStore(tmp_path / "root")
    assert not list(tmp_path.rglob(".forebay-*")), "a temporary file was left"


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def fail_s3(s3_store: S3Store) -> Callable[[str, object], None]:
    """Make one S3 operation give an answer (or raise) instead of reaching the server."""

    def arrange(operation: str, outcome: object) -> None:
        def handler(**_: object) -> object:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        s3_store._client.meta.events.register(f"before-send.s3.{operation}", handler)

    return arrange
