"""Follows a batch that was submitted, left or stopped before: `forebay watch`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.following.resuming import restore, resume
from forebay.cli.following.session import Session
from forebay.cli.output.console import Manner
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch


def watch(batch: options.BatchId, *, timeout: options.Timeout = None, manner: Manner) -> int:
    """Follow a batch to its end.

    On the embedded default its work goes on, if it was stopped.
    """
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        restore(deployment, record, manner)
        resume(deployment, record)
        return Session(deployment, record, manner, tell_past=False).follow(timeout)
