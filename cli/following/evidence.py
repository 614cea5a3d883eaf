"""Gathers what is to be seen of a deployment as a whole: whether Redis takes writes, and who works."""

from forebay.cli.deployment import Deployment
from forebay.cli.following.causes import Evidence
from forebay.cli.output import words
from forebay.governor.deployment.heartbeats import SENDING, Heartbeats


def evidence(deployment: Deployment, *, workers_missed: bool = True, batch: str = "BATCH") -> Evidence:
    """Reads it. Raises GovernorError.

    `workers_missed=False`: nobody misses those of this machine while they start, or have nothing to do. `batch` is the
    one that `forebay watch` would take up, where workers are this machine's own.
    """
    heartbeats = Heartbeats(deployment.redis)
    workers = tuple(heartbeats.workers())
    complaints = heartbeats.troubles()
    return Evidence(
        refuses_writes=deployment.refuses_writes(),
        workers=None if not workers and (not workers_missed or set(complaints) - {SENDING}) else workers,
        complaints=tuple((words.complainer(who), trouble) for who, trouble in complaints.items()),
        start_workers=f"go on with: forebay watch {batch}" if deployment.attached else Evidence().start_workers,
    )
