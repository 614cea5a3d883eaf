"""Makes queries a batch and returns at once with its id: `forebay submit`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text
from forebay.cli.submitting.accept import accept
from forebay.cli.submitting.request import read_request


def submit(batch: options.BatchOptions, *, as_json: options.Json = False) -> int:
    """Queue queries, or a definition of the spec, as a batch.

    A definition is a batch or an extract, by its name. The batch's id is printed.

    Works in the background: of the deployment, or of this machine where FOREBAY_REDIS_URL is not set.
    """
    request = read_request(batch)
    with open_deployment(request.settings, request.config) as deployment:
        accepted = accept(deployment, request)
        deployment.start_work()
        if as_json:
            events.submitted(accepted)
            events.result(Exit.OK, batch=accepted.id)
        else:
            plain_text.say(accepted.id)
            plain_text.remark(f"follow it with: forebay watch {accepted.id}")
    return Exit.OK
