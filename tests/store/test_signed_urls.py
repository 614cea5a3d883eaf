"""Links to objects that anybody may follow for a while: a bucket signs them, a folder says that it does not."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from forebay.store.errors import NotSigned
from forebay.store.local import LocalStore
from forebay.store.s3 import S3Store
from tests.servers.s3 import SECRET_ACCESS_KEY


def test_a_bucket_signs_a_link_by_which_an_object_is_read(s3_store: S3Store) -> None:
    s3_store.put("a b/fees.csv", b"id\n1\n")

    link = s3_store.signed_url("a b/fees.csv", 300)

    assert httpx.get(link.get_secret_value(), trust_env=False).content == b"id\n1\n"
    query = parse_qs(urlsplit(link.get_secret_value()).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert SECRET_ACCESS_KEY not in link.get_secret_value()
    assert "X-Amz" not in repr(link) + str(link), "what is logged by accident tells nothing"


def test_a_folder_says_that_it_signs_none(local_store: LocalStore) -> None:
    with pytest.raises(NotSigned, match="no signed links; read them there"):
        local_store.signed_url("fees.csv", 300)
