"""Measures what memory a landing takes at most, of a small result and of one as large as Stripe makes them.

    python -m bench.landing_memory [--csv-mb 5000] [--zip-mb 50000] [--parquet-mb 10000] [--only zip] [--quick]

A host makes them while they are read (`bench.landing_bodies`); what lands goes to a temporary folder, or to an S3 that
keeps nothing. Figures are the resident memory of the process that lands, at its peak, its start included.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.figures import table
from bench.landing import Contender, measure, serving
from bench.landing_bodies import body_named

#: Of the small one, which is more than all that a landing holds of any.
SMALL_MB = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeLanding:
    """What lands from where to where."""

    kind: str
    result_format: str
    to_s3: bool
    megabytes: int
    """Of CSV, of the large one."""

    @property
    def name(self) -> str:
        """Says it as `bench.landing` does."""
        return f"{self.kind} → {self.result_format}, {'S3' if self.to_s3 else 'folder'}"

    def landing(self, host: str, sink: str, folder: Path, megabytes: int) -> Contender:
        """Makes the command that does it once."""
        path = f"{self.kind}/{megabytes}"
        place = ["s3://bucket/p", self.result_format, sink] if self.to_s3 else [str(folder / "out"), self.result_format]
        source = [f"{host}/{path}", self.kind, str(body_named(path).size)]
        command = [sys.executable, "-m", "bench.peers.landing", *source, *place]
        return Contender(name="Forebay", job=self.name, command=command)


def jobs(csv_mb: int, zip_mb: int, parquet_mb: int) -> Iterator[LargeLanding]:
    """Lists them. To a folder goes what is no larger there than it was delivered."""
    for to_s3 in (False, True):
        yield LargeLanding(kind="csv", result_format="csv", to_s3=to_s3, megabytes=csv_mb)
        for result_format in ("zip", "csv.gz"):
            yield LargeLanding(kind="zip", result_format=result_format, to_s3=to_s3, megabytes=zip_mb)
    for result_format in ("csv", "csv.zst"):
        yield LargeLanding(kind="zip", result_format=result_format, to_s3=True, megabytes=zip_mb)
    yield LargeLanding(kind="zip", result_format="parquet", to_s3=True, megabytes=parquet_mb)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.landing_memory", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv-mb", type=int, default=5_000, help="of a CSV that is delivered as it is")
    parser.add_argument("--zip-mb", type=int, default=50_000, help="of the CSV in a zip")
    parser.add_argument("--parquet-mb", type=int, default=10_000, help="of the CSV in a zip that becomes Parquet")
    parser.add_argument("--only", default="", help="jobs with this in their names")
    parser.add_argument("--quick", action="store_true", help="a tenth of all")
    asked = parser.parse_args()
    sizes = [size // 10 if asked.quick else size for size in (asked.csv_mb, asked.zip_mb, asked.parquet_mb)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="landing-memory-")))
        host = f"http://127.0.0.1:{stack.enter_context(serving('maker'))}"
        sink = f"http://127.0.0.1:{stack.enter_context(serving('sink'))}"
        rows = []
        for job in jobs(*sizes):
            if asked.only in job.name:
                sys.stderr.write(f"{job.name} …\n")
                rows.append(row(job, host, sink, folder))
    cores = len(os.sched_getaffinity(0))
    heads = ["", "CSV MB", "delivered MB", "wall s", f"of {SMALL_MB} MB, peak MB", "of it, peak MB"]
    sys.stdout.write(f"{cores} cores:\n\n{table(heads, rows)}\n")


def row(job: LargeLanding, host: str, sink: str, folder: Path) -> Sequence[str]:
    """Lands the small one and the large one."""
    small = measure(job.landing(host, sink, folder, SMALL_MB), folder)
    large = measure(job.landing(host, sink, folder, job.megabytes), folder)
    delivered_mb = body_named(f"{job.kind}/{job.megabytes}").size / 1_000_000
    return [
        job.name,
        f"{job.megabytes}",
        f"{delivered_mb:.0f}",
        f"{large.wall_s:.0f}",
        f"{small.memory_mb:.0f}",
        f"{large.memory_mb:.0f}",
    ]


if __name__ == "__main__":
    main()
