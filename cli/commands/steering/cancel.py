"""Drops what waits of a batch, and is honest about what Stripe goes on doing: `forebay cancel`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch


def cancel(batch: options.BatchId, *, as_json: options.Json = False) -> int:
    """Stop a batch; what Stripe has started runs on there.

    Such queries run to their end, and hold their slots until then: Stripe's API has no cancel.
    """
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        before = deployment.reader.progress(record)
        # While its runs are in parts all else has ended, and it has not.
        finished = before.done and (record.policy is None or deployment.ledger.closing(batch) is not None)
        if finished or before.canceling:
            state = "is finished" if finished else "was canceled before"
            if as_json:
                events.result(Exit.OK, dropped=0, held=0)
            else:
                plain_text.say(f"nothing to cancel: batch {batch} {state}")
            return Exit.OK
        report = deployment.steering.cancel(batch)
        if report.held or record.policy:
            # Only a worker learns when those slots are free, and closes a batch of the spec.
            deployment.start_work()
        if as_json:
            events.result(Exit.OK, batch=batch, dropped=report.dropped, held=report.held)
            return Exit.OK
        plain_text.say(f"{words.runs(report.dropped)} dropped before they began.")
        if report.held:
            plain_text.say(
                f"{words.runs(report.held)} at Stripe cannot be stopped: they run on there to their end, and their "
                f"slots stay busy until then.",
                "Nothing of them lands.",
            )
    return Exit.OK
