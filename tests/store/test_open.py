from dataclasses import replace
from pathlib import Path

import pytest

from forebay.store.errors import BadUrl
from forebay.store.local import LocalStore
from forebay.store.object_options import ObjectOptions
from forebay.store.open import Stores
from forebay.store.s3 import S3Store
from forebay.store.s3_options import S3Options

STORES = Stores(s3=S3Options(region="us-east-1"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix"),
    ],
)
def test_s3_urls_open_buckets(url: str, shown: str):
    store = STORES.open(url)
    assert isinstance(store, S3Store)
    assert store.url == shown
    assert store.url_of("a/b.csv") == f"{shown}/a/b.csv"
    store.close()


def test_settings_hold_for_the_ledger_but_for_the_storage_class_and_a_destination_goes_before_them():
    general = ObjectOptions(encryption="AES256", storage_class="STANDARD_IA", tags={"team": "finance"})
    stores = Stores(s3=S3Options(region="us-east-1", objects=general), ledger="s3://bucket/ledger")

    paths = ("out", "ledgers", "ledger", "ledger/probes", "out?kms_key=k&tag.team=tax")
    opened = [stores.open(f"s3://bucket/{path}") for path in paths]

    assert [store.url for store in opened] == [f"s3://bucket/{path.partition('?')[0]}" for path in paths]
    assert [store._options.objects for store in opened if isinstance(store, S3Store)] == [
        general,
        general,
        replace(general, storage_class=None),
        replace(general, storage_class=None),
        ObjectOptions(encryption="aws:kms", kms_key="k", storage_class="STANDARD_IA", tags={"team": "tax"}),
    ]
    for store in opened:
        store.close()


def test_file_urls_and_paths_open_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for url in [(tmp_path / "a b").as_uri(), str(tmp_path / "a b"), "a b", "./a b"]:
        store = STORES.open(url)
        assert isinstance(store, LocalStore)
        assert store.url == (tmp_path / "a b").as_uri()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        "s3://",
        "s3:///key",
        "s3://user:pass@bucket/x",
        "s3://bucket/../x",
        "gs://bucket/x",
        "https://bucket.s3.amazonaws.com/x",
        "file://relative/x",
        "file:///a?b",
        "file:///a%00b",
        "file://[pass/x",
        "a\0b",
    ],
)
def test_other_urls_are_refused_and_not_quoted(url: str):
    with pytest.raises(BadUrl) as caught:
        STORES.open(url)
    assert "pass" not in str(caught.value)


def test_a_kind_of_store_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(BadUrl, match="begin with s3:// or file://, or are a folder's path; not gs://"):
        STORES.open("gs://bucket/x")
