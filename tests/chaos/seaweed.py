"""Starts SeaweedFS, an S3 server that bears a long run: with one in Python most of the machine's time went into it.

It is there where `make chaos` installed it. Without it the suite takes the tests' own server, as strict and slower.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.servers.processes import wait_until
from tests.servers.s3 import s3_server
from tests.servers.valkey import free_port

WEED = Path(sys.executable).with_name("weed")
#: Each of its parts has a port for HTTP and one for gRPC.
PARTS = ("master", "volume", "filer", "s3")


@contextlib.contextmanager
def seaweed_or_moto(folder: Path, *, large: bool) -> Iterator[str]:
    """The endpoint of an empty S3 server: SeaweedFS for a large run, if it is installed."""
    with seaweed(folder / "seaweed") if large and WEED.exists() else s3_server() as endpoint:
        yield endpoint


@contextlib.contextmanager
def seaweed(folder: Path) -> Iterator[str]:
    """The endpoint of an empty SeaweedFS, which is killed at the end."""
    folder.mkdir()
    ports = {part: free_port() for part in PARTS}
    options = {f"{part}.port": port for part, port in ports.items()}
    options |= {f"{part}.port.grpc": free_port() for part in PARTS}
    options |= {"s3.port.iceberg": 0, "s3.port.lance": 0}
    options |= {f"{part}.localSocket": folder / f"{part}.sock" for part in ("filer", "s3")}
    options |= {"dir": folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "master.telemetry": "false"}
    options |= {"volume.max": 32, "master.volumeSizeLimitMB": 4096}
    words = [
        str(WEED),
        "-logtostderr=true",
        "server",
        "-filer",
        "-s3",
        *(f"-{name}={value}" for name, value in options.items()),
    ]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    try:
        wait_until(lambda: _writes(endpoint), "SeaweedFS to take an object")
        yield endpoint
    finally:
        process.kill()
        process.wait()


def _writes(endpoint: str) -> bool:
    """Its parts find each other within seconds; until then it answers, and stores nothing."""
    with contextlib.suppress(httpx.TransportError):
        httpx.put(f"{endpoint}/probe")
        return httpx.put(f"{endpoint}/probe/object", content=b"1").is_success
    return False
