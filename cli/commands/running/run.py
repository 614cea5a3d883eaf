"""Submits a batch, follows it to its end and says what landed: `forebay run`."""

from forebay.cli import options
from forebay.cli.following.accepted_batch import accept_and_follow
from forebay.cli.output.console import Manner
from forebay.cli.submitting.request import read_request


def run(batch: options.BatchOptions, *, timeout: options.Timeout = None, manner: Manner) -> int:
    """Run queries, or a definition of the spec, and land the results.

    A definition is a batch or an extract, by its name.

    Without FOREBAY_REDIS_URL it starts a Valkey and workers of its own, and stops them at the end.

    The first Ctrl-C leaves the work running in the background, the second stops it.
    """
    return accept_and_follow(read_request(batch), timeout, manner)
