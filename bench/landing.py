"""Measures landings: how fast a result comes from its URL to where it stays, and what that costs, beside others.

    python -m bench.landing [--megabytes 1000] [--times 3] [--only csv] [--quick]

A host on loopback serves one CSV in Stripe's manner, and the zip of it, from memory; what lands goes to a folder in
memory, or to an S3 that keeps nothing. Forebay hashes, counts and proves; the others copy. Takes rclone and smart_open
of `bench/requirements.txt`, curl and the AWS CLI of the machine, and leaves out who is not there. Figures are the best
of some times each: seconds of CPU of all processes of a contender for a GB of CSV, and megabytes of CSV a second.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bench.figures import picture, table

#: Where memory is a folder; else the temporary folder has to do.
MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a name of its own
MB = 1_000_000
#: In which formats Forebay stores a zip.
STORED = ("zip", "csv", "csv.gz", "csv.zst", "parquet")
#: Accounts of an organization's result, and in which formats it is sorted by them.
ACCOUNTS, BY_ACCOUNT = 300, ("csv", "parquet")
ORGANIZATION = f"zip of {ACCOUNTS} accounts"
#: Rows that are made at once.
_ROWS = 20_000
#: When 2026 began.
_YEAR_S = 1_767_225_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Somebody who lands what the host has."""

    name: str
    command: Sequence[str]
    """With the URL, and where to put it."""
    job: str
    """What it does: those of one job are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one landing took."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def csv_bytes(megabytes: int, accounts: int = 0) -> Iterator[bytes]:
    """Makes a CSV as a report of balance transactions looks: ids, times, amounts, quoted texts.

    With `accounts` it is one over an organization of so many, whose rows come in any order.
    """
    dice = random.Random(7)
    number = dice.randint
    owners = [f"acct_{dice.getrandbits(64):016x}," for _ in range(accounts)]
    yield (b"merchant_id," if accounts else b"") + b"id,created,amount,currency,fee,type,description,customer\n"
    made = 0
    while made < megabytes * MB:
        rows = (
            f"{dice.choice(owners) if owners else ''}txn_{dice.getrandbits(96):024x},"
            f"{datetime.fromtimestamp(_YEAR_S + number(0, 31 * 10**6), UTC):%F %T},"
            f'{number(50, 900000)},usd,{number(1, 9000)},charge,"Invoice {number(1, 10**6)}, monthly",'
            f"cus_{dice.getrandbits(56):014x}\n"
            for _ in range(_ROWS)
        )
        block = "".join(rows).encode()
        made += len(block)
        yield block


def make(folder: Path, megabytes: int) -> None:
    """Writes `result.csv`, `result.zip` and `organization.zip`."""
    with (folder / "result.csv").open("wb") as plain, _zip(folder / "result.zip") as member:
        for block in csv_bytes(megabytes):
            plain.write(block)
            member.write(block)
    with _zip(folder / "organization.zip") as member:
        for block in csv_bytes(megabytes, ACCOUNTS):
            member.write(block)


@contextmanager
def _zip(path: Path) -> Iterator[IO[bytes]]:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("result.csv", "w", force_zip64=True) as member,
    ):
        yield member


@contextmanager
def serving(*what: str) -> Iterator[int]:
    """Starts one of `bench.landing_servers`; gives its port."""
    command = [sys.executable, "-m", "bench.landing_servers", *what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


def contenders(host: str, sink: str, folder: Path, files: Path) -> Iterator[Contender]:
    """Lists who lands what: Forebay in each way, and others where they are installed."""
    out = str(folder / "out")
    for kind, result_format in (("csv", "csv"), *(("zip", stored) for stored in STORED)):
        source = [f"{host}/result.{kind}", kind, str((files / f"result.{kind}").stat().st_size)]
        ours = [sys.executable, "-m", "bench.peers.landing", *source]
        job = f"{kind} → {result_format}"
        yield Contender(name="Forebay", job=f"{job}, folder", command=[*ours, out, result_format])
        yield Contender(name="Forebay", job=f"{job}, S3", command=[*ours, "s3://bucket/p", result_format, sink])
    organization = [f"{host}/organization.zip", "zip", str((files / "organization.zip").stat().st_size)]
    for result_format in BY_ACCOUNT:
        job, ours = f"{ORGANIZATION} → {result_format}", [sys.executable, "-m", "bench.peers.landing", *organization]
        form = f"{result_format}:merchant_id"
        yield Contender(name="Forebay", job=f"{job}, folder", command=[*ours, out, form])
        yield Contender(name="Forebay", job=f"{job}, S3", command=[*ours, "s3://bucket/p", form, sink])
    for kind in ("csv", "zip"):
        url = f"{host}/result.{kind}"
        into, to_s3 = f"{kind} → {kind}, folder", f"{kind} → {kind}, S3"
        if shutil.which("curl"):
            yield Contender(name="curl -o", job=into, command=["curl", "-sSf", "-o", f"{out}/result", url])
        aws = _tool("aws")
        if shutil.which("curl") and aws:
            piped = f"curl -sSf {url} | {aws} --endpoint-url {sink} s3 cp --quiet - s3://bucket/p/result"
            yield Contender(name="curl | aws s3 cp -", job=to_s3, command=["sh", "-c", piped])
        rclone = _tool("rclone")
        if rclone:
            yield Contender(name="rclone copyurl", job=into, command=[rclone, "copyurl", url, f"{out}/result"])
            remote = f":s3,provider=Other,endpoint='{sink}',access_key_id=k,secret_access_key=s:bucket/p/result"
            yield Contender(name="rclone copyurl", job=to_s3, command=[rclone, "copyurl", url, remote])
        if _has("smart_open"):
            yield Contender(name="smart_open", job=to_s3, command=[sys.executable, "-c", _SMART, url, sink])


_SMART = """
import shutil, sys, boto3, smart_open
url, sink = sys.argv[1:]
client = {"client": boto3.client("s3", endpoint_url=sink)}
with smart_open.open(url, "rb", compression="disable") as source:
    with smart_open.open("s3://bucket/p/result", "wb", compression="disable", transport_params=client) as target:
        shutil.copyfileobj(source, target, 1 << 20)
"""


def _tool(name: str) -> str | None:
    return shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def _has(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def measure(contender: Contender, folder: Path) -> Measured:
    """Lets it land once. Raises `RuntimeError` if it does not."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    env = {**os.environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    log = folder / "log"
    began_s = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(contender.command, env=env, stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(
            f"{contender.name} ({contender.job}) ended with {process.returncode}: {log.read_text()[-500:]}"
        )
    return Measured(wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime, memory_mb=used.ru_maxrss / 1000)


def best(runs: Sequence[Measured]) -> Measured:
    """Takes of each figure the best one: what else the machine did made the others worse."""
    return Measured(
        wall_s=min(run.wall_s for run in runs),
        cpu_s=min(run.cpu_s for run in runs),
        memory_mb=min(run.memory_mb for run in runs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.landing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000, help="of CSV")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", default="", help="jobs with this in their names")
    parser.add_argument("--quick", action="store_true", help="50 MB, once")
    asked = parser.parse_args()
    megabytes, times = (50, 1) if asked.quick else (asked.megabytes, asked.times)
    with ExitStack() as stack:
        memory = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="landing-", dir=memory)))
        files = folder / "files"
        files.mkdir()
        sys.stderr.write(f"making {megabytes} MB …\n")
        make(files, megabytes)
        host = f"http://127.0.0.1:{stack.enter_context(serving('host', str(files)))}"
        sink = f"http://127.0.0.1:{stack.enter_context(serving('sink'))}"
        found = [one for one in contenders(host, sink, folder, files) if asked.only in one.job]
        judged = []
        for contender in sorted(found, key=lambda one: one.job):
            sys.stderr.write(f"{contender.job}: {contender.name} …\n")
            judged.append((contender, best([measure(contender, folder) for _ in range(times)])))
        zipped_mb = (files / "result.zip").stat().st_size / MB
    _report(judged, megabytes, zipped_mb, times)
    if not (asked.only or asked.quick):
        _draw(judged, megabytes)


def _report(judged: Sequence[tuple[Contender, Measured]], megabytes: int, zipped_mb: float, times: int) -> None:
    rows = [
        [_label(one), f"{megabytes / took.wall_s:.0f}", f"{took.cpu_s * 1000 / megabytes:.2f}", f"{took.memory_mb:.0f}"]
        for one, took in judged
    ]
    cores = len(os.sched_getaffinity(0))
    head = f"{megabytes} MB of CSV, {zipped_mb:.0f} MB as zip; best of {times}, {cores} cores:"
    sys.stdout.write(f"{head}\n\n{table(['', 'MB/s of CSV', 'CPU s/GB', 'memory MB'], rows)}\n")


def _label(contender: Contender) -> str:
    return f"{contender.job}: {contender.name}"


def _draw(judged: Sequence[tuple[Contender, Measured]], megabytes: int) -> None:
    with picture("landing", 1, 2, (14, 0.35 * len(judged) + 1)) as (_, axes):
        for axis, title, values in (
            (axes[0][0], "MB of CSV a second", [megabytes / took.wall_s for _, took in judged]),
            (axes[0][1], "CPU seconds a GB", [took.cpu_s * 1000 / megabytes for _, took in judged]),
        ):
            colours = ["tab:blue" if one.name == "Forebay" else "tab:grey" for one, _ in judged]
            axis.barh([_label(one) for one, _ in judged], values, color=colours)
            axis.invert_yaxis()
            axis.set_title(title)


if __name__ == "__main__":
    main()
