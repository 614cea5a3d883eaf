import json
import tracemalloc
from pathlib import Path

import botocore
import pytest
from botocore.loaders import JSONFileLoader
from pydantic import SecretStr

from forebay.store.s3_options import S3Options
from forebay.store.s3client import s3_client
from forebay.store.service_models import ServiceModels

DATA = Path(botocore.__file__).parent / "data"


@pytest.mark.parametrize("name", ["endpoints", "partitions", "s3/2006-03-01/service-2", "no-such-file"])
def test_descriptions_are_those_that_botocore_reads(name: str) -> None:
    models, path = ServiceModels(), str(DATA / name)

    assert models.load_file(path) == JSONFileLoader().load_file(path)
    assert models.load_file(path) is models.load_file(path)


def test_what_stands_unpacked_goes_before_what_is_packed_and_what_comes_later_is_found(tmp_path: Path) -> None:
    models, path = ServiceModels(), str(tmp_path / "service-2")
    assert models.load_file(path) is None

    (tmp_path / "service-2.json").write_text(json.dumps({"ä": 1}), encoding="utf-8")

    assert models.load_file(path) == {"ä": 1}


def test_the_client_of_another_bucket_takes_no_memory_for_what_the_first_one_read() -> None:
    options = S3Options(region="eu-central-1", access_key_id="k", secret_access_key=SecretStr("s"))
    first = s3_client(options)
    tracemalloc.start()
    try:
        second = s3_client(options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert first.meta.service_model is not second.meta.service_model
    assert peak < 3 << 20  # of ten
