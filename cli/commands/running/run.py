"""Submits a batch, follows it to its end and says what landed: `forebay run`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.following.session import Session
from forebay.cli.output import events, words
from forebay.cli.output.console import Manner
from forebay.cli.submitting.accept import accept
from forebay.cli.submitting.request import read_request


def run(batch: options.BatchOptions, *, timeout: options.Timeout = None, manner: Manner) -> int:
    """Run queries, or a definition of the spec, and land the results.

    A definition is a batch or an extract, by its name.

    Without FOREBAY_REDIS_URL it starts a Valkey and workers of its own, and stops them at the end.

    The first Ctrl-C leaves the work running in the background, the second stops it.
    """
    request = read_request(batch)
    with open_deployment(request.settings, request.config) as deployment:
        accepted = accept(deployment, request)
        if manner.as_json:
            events.submitted(accepted)
        elif not manner.quiet:
            # Before the first round: whoever interrupts now must know what to come back to.
            runs = words.runs(accepted.size)
            manner.remark(f"batch {accepted.id}: {runs} → {words.folder(accepted.output, accepted.id)}")
        deployment.start_work()
        return Session(deployment, accepted, manner).follow(timeout)
