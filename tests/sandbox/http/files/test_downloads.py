"""The file host: signed URLs, what it refuses, and both forms of a zip."""

import io
import struct
import zipfile

import httpx
import pytest

from forebay.sandbox.http.files.links import Links, Validity
from tests.sandbox.driver import Api, eventually, url_of

SQL = "SELECT id, amount, description FROM charges ORDER BY id"


def test_the_size_is_the_number_of_bytes_delivered(api: Api) -> None:
    run = api.run(SQL)
    answer = httpx.get(url_of(run))
    assert answer.headers["Content-Length"] == run["result"]["file"]["size"] == str(len(answer.content))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["ETag"]


def test_a_request_that_carries_a_key_is_refused_and_counted(api: Api) -> None:
    url = url_of(api.run())
    answer = httpx.get(url, headers=api.headers())
    assert answer.status_code == 400
    assert "<Code>InvalidArgument</Code>" in answer.text
    assert api.counts()["downloads_with_api_key"] == 1


def test_an_expired_url_answers_as_object_stores_do_and_a_new_one_works(api: Api) -> None:
    api.control(url_lifetime_s=1e-6)
    run = api.run()
    answer = httpx.get(url_of(run))
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert "Request has expired" in answer.text
    api.control(url_lifetime_s=300)
    assert httpx.get(url_of(api.retrieve(run["id"]).json())).status_code == 200


@pytest.mark.parametrize("part", ["expires=1", "signature=00"])
def test_a_changed_url_does_not_pass(api: Api, part: str) -> None:
    base, _, query = url_of(api.run()).partition("?")
    name = part.partition("=")[0]
    changed = "&".join(part if piece.startswith(name) else piece for piece in query.split("&"))
    answer = httpx.get(f"{base}?{changed}")
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text


def test_a_url_is_valid_until_the_nanosecond_it_expires() -> None:
    links = Links(secret=b"s")
    query = httpx.URL(links.sign("http://h", "f.csv", 1000)).params
    judged = [links.judge("f.csv", query["expires"], query["signature"], now_ns) for now_ns in (999, 1000)]
    assert judged == [Validity.VALID, Validity.EXPIRED]
    assert links.judge("g.csv", query["expires"], query["signature"], 0) is Validity.FORGED


def test_a_range_is_ignored_by_default_and_served_when_switched_on(api: Api) -> None:
    url = url_of(api.run(SQL))
    whole = httpx.get(url, headers={"Range": "bytes=5-9"})
    assert (whole.status_code, "Accept-Ranges" in whole.headers) == (200, False)
    api.control(range_support=True)
    part = httpx.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(whole.content)}"
    rest = httpx.get(url, headers={"Range": f"bytes={len(whole.content) - 3}-"})
    assert rest.content == whole.content[-3:]
    assert httpx.get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


@pytest.mark.parametrize("heeded", [True, False])
def test_a_part_is_of_the_file_that_if_range_names(api: Api, heeded: bool) -> None:
    api.control(range_support=True, if_range=heeded)
    url = url_of(api.run(SQL))
    etag = httpx.get(url).headers["ETag"]
    named, other = (httpx.get(url, headers={"Range": "bytes=5-9", "If-Range": tag}) for tag in (etag, '"another"'))
    assert (named.status_code, other.status_code) == (206, 200 if heeded else 206)


@pytest.mark.parametrize("sizes", ["descriptor", "known"])
def test_a_zip_has_one_member_with_the_rows_of_the_plain_file(api: Api, sizes: str) -> None:
    api.control(zip_sizes=sizes)
    plain = api.delivered(api.run(SQL))
    run = api.run(SQL, compress=True)
    packed = api.delivered(run)
    assert run["result"]["file"]["content_type"] == "zip"
    assert run["result_options"] == {"compress_file": True}
    assert run["result"]["file"]["size"] == str(len(packed))
    assert len(packed) < len(plain)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    assert archive.testzip() is None
    assert [archive.read(name) for name in archive.namelist()] == [plain]
    flags = struct.unpack_from("<H", packed, 6)[0]
    assert bool(flags & 0x08) == (sizes == "descriptor")


@pytest.mark.parametrize("of", ["zip", "csv"])
def test_the_size_of_a_zipped_result_is_that_of_the_zip_or_of_its_csv(api: Api, of: str) -> None:
    api.control(zip_size_of=of)
    plain = api.run(SQL)
    run = api.run(SQL, compress=True)
    packed = api.delivered(run)
    assert plain["result"]["file"]["size"] == str(len(api.delivered(plain)))
    assert run["result"]["file"]["size"] == str(len(packed) if of == "zip" else len(api.delivered(plain)))


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_csv_comes_as_it_is_or_compressed_on_its_way_whatever_was_asked_for(api: Api, encoding: str) -> None:
    plain = api.csv(SQL).encode()
    api.control(csv_encoding=encoding)
    bare, zipped = (
        httpx.get(url_of(api.run(SQL, compress=compress)), headers={"Accept-Encoding": "identity"})
        for compress in (False, True)
    )
    assert bare.headers.get("Content-Encoding", "identity") == encoding
    assert ("Content-Length" in bare.headers, bare.content) == (encoding == "identity", plain)
    assert "Content-Encoding" not in zipped.headers
    assert api.counts()["downloads_started"] >= 2


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("milliseconds", "2026-01-02 03:04:05.678"),
        ("seconds", "2026-01-02 03:04:05"),
        ("nanoseconds", "2026-01-02 03:04:05.678000000"),
        ("zulu", "2026-01-02T03:04:05.678Z"),
        ("offset", "2026-01-02 03:04:05.678+00:00"),
    ],
)
def test_moments_are_written_as_the_settings_want_them(api: Api, form: str, written: str) -> None:
    api.control(csv_times=form)
    moment = "TIMESTAMP '2026-01-02 03:04:05.678'"
    assert api.csv(f"SELECT {moment} AS a") == f"a\n{written}\n"
    assert api.csv(f"SELECT {moment} AS a, {moment} AS a") == f"a,a\n{written},{written}\n"


def test_the_deflate_level_is_a_setting(api: Api) -> None:
    lengths = []
    for level in (0, 9):
        api.control(zip_level=level)
        lengths.append(len(api.delivered(api.run(SQL, compress=True))))
    assert lengths[0] > 2 * lengths[1]


def test_the_rows_of_any_run_can_be_read_as_csv_for_comparison(api: Api) -> None:
    plain, packed = api.run(SQL), api.run(SQL, compress=True)
    rows = [api.http.get(f"/sandbox/runs/{run['id']}/csv").content for run in (plain, packed)]
    assert rows[0] == rows[1] == api.delivered(plain)


def test_bytes_and_downloads_are_counted(api: Api) -> None:
    run = api.run(SQL)
    api.delivered(run)
    counts = eventually(lambda: (found := api.counts())["downloads_finished"] == 1 and found)
    assert counts["downloads_started"] == 1
    assert counts["bytes_served"] == int(run["result"]["file"]["size"])
