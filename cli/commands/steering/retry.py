"""Runs again what failed, and lands again what only failed to land, without a second run: `forebay retry --failed`."""

from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.resuming import restore, resume
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.console import Manner
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch, parts_of


def retry(
    batch: options.BatchId,
    *,
    failed: Annotated[bool, options.flag("--failed", "Every run that failed.")] = False,
    as_json: options.Json = False,
) -> int:
    """Take up the failed runs of a batch again."""
    if not failed:
        raise typer.BadParameter("say which runs: --failed takes every one that failed")
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        for each in (record, *parts_of(deployment.ledger, record)):
            restore(deployment, each, Manner(as_json=as_json))
        report = deployment.retrier.retry_failed(batch)
        if report.retried:
            resume(deployment, record)
        if as_json:
            events.result(Exit.OK, batch=batch, retried=report.retried, landings=report.landings)
            return Exit.OK
        if not report.retried:
            plain_text.say("nothing to retry: no run of this batch stands as failed")
            return Exit.OK
        again = f", {report.landings} of them only their landing" if report.landings else ""
        plain_text.say(f"{words.runs(report.retried)} taken up again{again}")
        plain_text.remark(f"follow with: forebay watch {batch}")
    return Exit.OK
