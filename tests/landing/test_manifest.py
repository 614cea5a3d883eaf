import json
from datetime import UTC, datetime

import pytest

from forebay.landing.errors import BadManifest
from forebay.landing.land import Landed
from forebay.landing.manifest import (
    Manifest,
    csv_part,
    object_part,
    read_manifest,
    write_manifest,
)
from forebay.store.local import LocalStore

LANDED = Landed(
    key="a/b.csv.zip",
    format="csv.zip",
    bytes=10,
    sha256="aa",
    csv_bytes=100,
    csv_sha256="bb",
    records=7,
    columns=("id", "ä"),
    received_bytes=10,
    received_sha256="ab",
)


def manifest(store: LocalStore) -> Manifest:
    return Manifest(
        batch="a",
        lane="acme:live",
        run="r1",
        name="b",
        account=None,
        attempt=0,
        query_run="qryrun_1",
        sql_sha256="cc",
        object=object_part(store, LANDED),
        csv=csv_part(LANDED),
        compress=True,
        submitted_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        ended_at=None,
        landed_at=datetime(2026, 11, 22, 13, tzinfo=UTC),
        livemode=True,
        api_version="2026-04-22.preview",
        request_ids=("req_1", "req_2"),
    )


def test_a_manifest_comes_back_as_it_was_written(folder: LocalStore):
    written = manifest(folder)
    assert write_manifest(folder, "a/b", written) == "a/b.manifest.json"
    assert read_manifest(folder, "a/b") == written
    assert written.object.url == folder.url + "/a/b.csv.zip"
    record = json.loads(folder.get("a/b.manifest.json"))
    assert record["format"] == 1
    assert record["csv"] == {"bytes": 100, "sha256": "bb", "records": 7, "columns": ["id", "ä"]}


def test_no_manifest_means_no_result(folder: LocalStore):
    folder.put("a/b.csv", b"an object that was never vouched for")
    assert read_manifest(folder, "a/b") is None


def test_unknown_fields_are_ignored_and_unknown_formats_refused(folder: LocalStore):
    record = json.loads(manifest(folder).model_dump_json())
    folder.put("a/b.manifest.json", json.dumps({**record, "news": 1}).encode())
    assert read_manifest(folder, "a/b") == manifest(folder)
    for broken, field in [
        ({**record, "format": 2}, "format"),
        ({**record, "csv": {}}, "csv.bytes"),
        ([], "cannot be read$"),
    ]:
        folder.put("a/b.manifest.json", json.dumps(broken).encode())
        with pytest.raises(BadManifest, match=field):
            read_manifest(folder, "a/b")
