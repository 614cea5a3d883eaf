"""Drops what waits of a batch, and is honest about what Stripe goes on doing: `forebay cancel`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch

#: From so many unsettled runs on a person is asked first: what is dropped has to be submitted anew.
MANY_RUNS = 100


def cancel(batch: options.BatchId, *, yes: Yes = False, as_json: options.Json = False) -> int:
    """Stop a batch; what Stripe has started runs on there.

    Such queries run to their end, and hold their slots until then: Stripe's API has no cancel. Of a large batch it
    says first what is lost, and asks.
    """
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        before = deployment.reader.progress(record)
        # While its runs are in parts all else has ended, and it has not.
        finished = before.done and (not record.needs_closing or deployment.ledger.closing(batch) is not None)
        if finished or before.canceling:
            state = "is finished" if finished else "was canceled before"
            if as_json:
                events.result(Exit.OK, batch=batch, dropped=0, held=0)
            else:
                plain_text.say(f"nothing to cancel: batch {batch} {state}")
            return Exit.OK
        if before.waiting + before.held > MANY_RUNS:
            alive = f"{before.held:,} hold a slot, run on at Stripe and do not land"
            lost = f"{before.waiting:,} wait and are dropped, {alive}"
            if not confirm(f"Cancel batch {batch}? {lost}.", yes=yes, as_json=as_json):
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
                f"{words.runs(report.held)} hold a slot: Stripe runs them, or was asked to and has not answered yet. "
                "They cannot be stopped there, and keep their slots until Stripe says that they ended.",
                "Nothing of them lands.",
            )
    return Exit.OK
