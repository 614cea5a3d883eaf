"""A real S3 server process on a free loopback port, for everybody's tests.

moto's server keeps objects in its own memory and checks no signatures, but it speaks S3's wire format with multipart
uploads, conditional puts, Content-MD5 and paged listings, and it enforces the minimum size of parts.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from select import select
from time import monotonic

ACCESS_KEY_ID = "forebay-tests"
SECRET_ACCESS_KEY = "forebay-tests-secret"

PAGE_KEYS = 10

#: It takes a third of a second on an idle machine.
START_SECONDS = 60

#: `moto_server -p 0` prints no port, so the server is started by its own parts: bind first, then say where.
#: It says of each upload that it began in 2010, so it is taught when.
_PROGRAM = """
import sys
from datetime import datetime, timezone
from moto.s3 import models, responses
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
begun = {}
begin = models.FakeMultipart.__init__
def begin_and_note(self, *arguments, **options):
    begin(self, *arguments, **options)
    begun[self.id] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
class Result(responses.ActionResult):
    def __init__(self, result):
        for upload in result.get("Uploads", ()) if isinstance(result, dict) else ():
            upload["Initiated"] = begun[upload["UploadId"]]
        super().__init__(result)
models.FakeMultipart.__init__, responses.ActionResult = begin_and_note, Result
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


@contextmanager
def s3_server() -> Iterator[str]:
    """The endpoint (`http://127.0.0.1:PORT`) of an empty S3 server, which is stopped at the end."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))}
    # moto copies what it stores to a bucket's region through its own fake AWS session, which wants some keys.
    environment |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    # Amazon's pages have 1,000 keys; small ones make every test of a listing one of paging too.
    environment["MOTO_S3_DEFAULT_MAX_KEYS"] = str(PAGE_KEYS)
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield f"http://127.0.0.1:{_port(process)}"
    finally:
        process.kill()  # it holds nothing that a gentler end would save
        process.communicate()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    deadline = monotonic() + START_SECONDS
    while not select([process.stdout], [], [], 0.2)[0]:
        if monotonic() > deadline:
            raise TimeoutError(f"the S3 server said nothing within {START_SECONDS} s")
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the S3 server ended at its start")
    return int(line)
