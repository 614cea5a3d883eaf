"""Places for results that are none: each ends in one clear sentence and the right code, and nothing is begun.

A table, as of what people type otherwise (`test_bad_inputs.py`); here a Redis answers, so that only the place is wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from forebay.governor import keys
from tests.cli.conftest import Forebay
from tests.cli.stripe import EndlessStripe
from tests.servers.http_server import Handler, served


@dataclass(frozen=True, kw_only=True)
class Place:
    """A destination that is named by mistake."""

    to: str | None
    sentence: str
    variables: dict[str, str] = field(default_factory=dict)
    spec: str = ""


AWS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "FOREBAY_S3_REGION": "us-east-1"}
SPEC = "version: 1\nconnections:\n  acme: {mode: test, key: secret://env/STRIPE_API_KEY, api_base: '$API'}\n"

PLACES = {
    "an unset variable": Place(to="", sentence="the place for results: an empty destination"),
    "blanks": Place(to="  ", sentence="an empty destination"),
    "a scheme that is none of ours": Place(to="ftp://x/y", sentence="destinations begin with s3:// or file://"),
    "a query": Place(to="s3://acme/x?y=1", sentence="'y' is no option of an S3 destination: encryption, kms_key,"),
    "credentials": Place(to="s3://key:secret@acme/x", sentence="without credentials or port"),
    "no bucket": Place(to="s3:///x", sentence="an S3 destination is s3://bucket/prefix"),
    "a host in a folder's URL": Place(to="file://server/x", sentence="a folder's URL is file:///absolute/path"),
    "a user that is nobody": Place(to="~nobody-at-all/x", sentence="~nobody-at-all is no user whose home is known"),
    "a file": Place(to="a.sql", sentence="/a.sql is a file; a destination is a folder"),
    "a folder below a file": Place(to="a.sql/b/c", sentence="/a.sql is a file; a destination is a folder"),
    "a folder that cannot be made": Place(to="/proc/nowhere", sentence="/proc/nowhere cannot be written to"),
    "a profile that is none": Place(
        to="s3://acme/x", variables={"AWS_PROFILE": "nosuch"}, sentence="AWS_PROFILE names a profile that is not in"
    ),
    "an endpoint that is no URL": Place(
        to="s3://acme/x",
        variables={**AWS, "FOREBAY_S3_ENDPOINT": "nonsense"},
        sentence="the S3 endpoint 'nonsense' (FOREBAY_S3_ENDPOINT) is no URL: write https://host",
    ),
    "an endpoint that serves pages": Place(
        to="s3://acme/x",
        variables={**AWS, "FOREBAY_S3_ENDPOINT": "$PAGES"},
        sentence="does not answer as S3 does; check the endpoint (FOREBAY_S3_ENDPOINT)",
    ),
    "an endpoint that has none of it": Place(
        to="s3://acme/x",
        variables={**AWS, "FOREBAY_S3_ENDPOINT": "$NOTHING"},
        sentence="does not answer as S3 does; check the endpoint (FOREBAY_S3_ENDPOINT)",
    ),
    "a bad default": Place(to=None, variables={"FOREBAY_OUTPUT": "ftp://x"}, sentence="begin with s3:// or file://"),
    "a bad output of the spec": Place(
        to=None, spec=f"{SPEC}defaults: {{output: 'ftp://x'}}\n", sentence="begin with s3:// or file://"
    ),
    "a ledger that is a file": Place(
        to="out", variables={"FOREBAY_LEDGER": "a.sql"}, sentence="/a.sql is a file; a destination is a folder"
    ),
    "a ledger with options": Place(
        to="out", variables={"FOREBAY_LEDGER": "s3://b/l?tag.a=b"}, sentence="FOREBAY_LEDGER takes no options"
    ),
    "a storage class that is read too late": Place(
        to="out",
        variables={"FOREBAY_S3_STORAGE_CLASS": "DEEP_ARCHIVE"},
        sentence="storage_class DEEP_ARCHIVE cannot be read at once",
    ),
    "tags that are no pairs": Place(
        to="out", variables={"FOREBAY_S3_TAGS": "a=b,c"}, sentence="FOREBAY_S3_TAGS is NAME=VALUE, with commas between"
    ),
    "a ledger of a scheme that is none of ours": Place(
        to="out", variables={"FOREBAY_LEDGER": "ftp://x"}, sentence="begin with s3:// or file://"
    ),
}


@pytest.fixture(scope="session")
def web() -> Iterator[dict[str, str]]:
    """Servers that are no S3: one has a page for whatever is asked, one has nothing."""

    class Pages(Handler):
        status = 200

        def _page(self) -> None:
            self.sent()
            self.answer(self.status, b"<html><body>Welcome</body></html>", content_type="text/html")

        do_GET = do_PUT = do_DELETE = do_HEAD = _page

    class Nothing(Pages):
        status = 404

    with served(Pages) as pages, served(Nothing) as nothing:
        yield {"$PAGES": pages, "$NOTHING": nothing}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_none_is_one_sentence_and_nothing_is_begun(
    place: str,
    folder: Path,
    web: dict[str, str],
    stripe: EndlessStripe,
    deployed: redis.Redis,
    forebay: Forebay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = PLACES[place]
    (folder / "a.sql").write_text("SELECT 1 AS one")
    if named.spec:
        (folder / "forebay.yaml").write_text(named.spec.replace("$API", stripe.url))
    for name, value in named.variables.items():
        monkeypatch.setenv(name, web.get(value, value))

    for command in (("run", "a.sql"), ("doctor",)):
        told = forebay(*command, *(["--to", named.to] if named.to is not None else []))
        text = (told.err + told.out).replace("\n", "")
        assert named.sentence in text
        assert told.code == 2
        assert "Traceback" not in text
        assert "a fault of Forebay" not in text
        assert ".forebay-probe" not in text
        assert "secret@" not in text
    assert {*deployed.keys("fb:*")} <= {keys.WRITE_PROBE, keys.KEY_OWNERS}
    assert not list(folder.rglob("batch.json"))
    assert stripe.created == []


def test_plan_refuses_what_run_would(folder: Path, stripe: EndlessStripe, forebay: Forebay) -> None:
    (folder / "a.sql").write_text("SELECT 1 AS one")
    (folder / "forebay.yaml").write_text(
        f"{SPEC.replace('$API', stripe.url)}batches:\n  b: {{sql: a.sql, output: 'ftp://x'}}\n"
    )
    for command in ("plan", "validate"):
        told = forebay(command)
        assert "destinations begin with s3:// or file://" in (told.err + told.out).replace("\n", "")
        assert told.code == 2


@pytest.mark.parametrize("target", ["/proc/nowhere", "a.sql", "a.sql/below"])
def test_init_into_a_folder_that_cannot_be_made_says_so(folder: Path, forebay: Forebay, target: str) -> None:
    (folder / "a.sql").write_text("SELECT 1 AS one")
    told = forebay("init", target)
    assert told.code == 2
    assert "cannot be written: " in told.err or "is a file; name a folder" in told.err
    assert "a fault of Forebay" not in told.err
