"""Two gigabytes through the S3 path: bounded memory, and every byte the one that was computed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import httpx
import pytest

from forebay.landing.zipstream import unzip
from forebay.store.ledger.records import Item
from tests.servers.processes import sandbox, workers
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.system.deployment import Deployment, configured

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"),
]

GIB = 1 << 30
MIB = 1 << 20

#: Each row of charges, joined with enough others: wide rows of real values, a little over 2 GiB as CSV.
SQL = """
SELECT a.*, b.id AS other_id, b.amount AS other_amount, b.created AS other_created
FROM charges a CROSS JOIN (SELECT id, amount, created FROM charges ORDER BY id LIMIT 480) b
LIMIT 14000000
"""


@pytest.fixture
def deployment(
    valkey_url: str, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    credentials = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    bucket = f"large-{uuid4()}"
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    with sandbox(tmp_path / "sandbox.log", "--zip-level", "1", "--engine-memory-mb", "2048") as stripe_url:
        yield from configured(
            redis_url=valkey_url,
            stripe_url=stripe_url,
            folder=tmp_path,
            destination=f"s3://{bucket}/landed",
            ledger=f"s3://{bucket}/ledger",
            FOREBAY_S3_ENDPOINT=s3_endpoint,
            FOREBAY_S3_REGION="us-east-1",
            **credentials,
        )


def test_two_gigabytes_land_in_s3_within_250_mb_of_memory(deployment: Deployment) -> None:
    with workers([deployment.logs / "w.log"], deployment.env) as (worker,):
        batch = deployment.submit([Item(name="large", sql=SQL, account=None)])
        progress = deployment.wait_until_done(batch, deadline_s=600)
        peak_bytes = peak_memory(worker.pid)

    assert (progress.landed, progress.failed) == (1, 0)
    manifest = deployment.manifests(batch)["large"]
    assert manifest["csv"]["bytes"] > 2 * GIB
    assert manifest["object"]["format"] == "csv.zip"
    assert peak_bytes < 250 * MIB, f"the worker needed {peak_bytes / MIB:.0f} MiB"
    assert landed_csv(deployment, manifest["object"]["key"]) == computed_csv(deployment, manifest["query_run"])


def peak_memory(pid: int) -> int:
    """The most resident memory that the process ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def landed_csv(deployment: Deployment, key: str) -> str:
    digest = hashlib.sha256()
    for piece in unzip(deployment.store(deployment.destination).open(key), max_bytes=8 * GIB):
        digest.update(piece)
    return digest.hexdigest()


def computed_csv(deployment: Deployment, query_run: str) -> str:
    digest = hashlib.sha256()
    url = f"{deployment.stripe_url}/sandbox/runs/{query_run}/csv"
    with httpx.stream("GET", url, timeout=120) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            digest.update(chunk)
    return digest.hexdigest()
