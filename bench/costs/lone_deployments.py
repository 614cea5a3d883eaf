"""Sets up what a row of the table is measured on: a Valkey, a light Stripe, settings, and workers that are ready."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.costs.light_server import light_stripe
from bench.costs.spent import Spent, read
from tests.servers.processes import start_worker, stop, wait_until
from tests.servers.valkey import valkey_server
from tests.system.deployment import Deployment, configured

#: The processes of a deployment, as its users start them: a download never delays a look.
EACH_ITS_QUEUES = ("submit,poll", "download")
ALL_QUEUES = "submit,poll,download"
#: No budget holds anything up.
UNBOUNDED = {"FOREBAY_CREATES_PER_S": "1000", "FOREBAY_RETRIEVES_PER_S": "1000", "FOREBAY_REQUESTS_PER_S": "2000"}
START_S = 120.0
#: A cap for each account, so that each has a lane of its own.
LANE_EACH = """version: 1
connections:
  bench: {mode: test, key: secret://env/STRIPE_API_KEY, lane: {scope: account}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lone:
    """A deployment that nobody else uses."""

    deployment: Deployment
    folder: Path
    stripe_pid: int

    @contextmanager
    def workers(self, queues: Sequence[str]) -> Iterator[Mapping[str, int]]:
        """Runs a worker process for each of these, ready to work; gives their pids, by queues and number."""
        logs = [self.folder / f"worker{number}.log" for number in range(len(queues))]
        started = [start_worker(log, self.deployment.env, queues=own) for log, own in zip(logs, queues, strict=True)]
        try:
            wait_until(lambda: all(" ready." in log.read_text() for log in logs), "workers", deadline_s=START_S)
            named = zip(queues, started, strict=True)
            yield {f"{own} #{number}": process.pid for number, (own, process) in enumerate(named)}
        finally:
            for process in started:
                stop(process)

    def spent(self, workers: Mapping[str, int]) -> Spent:
        """Reads what these workers, the stand-in and Valkey have spent."""
        return read(self.deployment.redis, {**workers, "stand-in": self.stripe_pid})


@contextmanager
def lone(
    *stripe_options: str, lane_each: bool = False, ledger: str = "", destination: str = "", **settings: str
) -> Iterator[Lone]:
    """Makes one, for as long as the block lasts. With `lane_each` each account has a lane of its own.

    Ledger and results are in a folder, where no URLs say otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="cost-") as made, valkey_server() as redis_url:
        folder = Path(made)
        if lane_each:
            (folder / "forebay.yaml").write_text(LANE_EACH)
            settings = {"FOREBAY_SPEC": str(folder / "forebay.yaml"), **settings}
        with light_stripe(folder, *stripe_options) as stripe:
            for deployment in configured(
                redis_url=redis_url,
                stripe_url=stripe.url,
                folder=folder,
                destination=destination or str(folder / "out"),
                ledger=ledger or str(folder / "ledger"),
                **settings,
            ):
                yield Lone(deployment=deployment, folder=folder, stripe_pid=stripe.pid)
