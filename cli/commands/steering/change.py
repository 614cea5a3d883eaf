"""Changes how a batch is served beside others, while it runs: `forebay change`."""

import typer

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.resuming import tell_nothing, why_over
from forebay.cli.output import events, plain_text
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch


def change(batch: options.BatchId, standing: options.StandingOptions, *, as_json: options.Json = False) -> int:
    """Change a running batch's class, weight or ceiling.

    It takes effect with the batch's next grant.
    """
    if standing == options.StandingOptions():
        raise typer.BadParameter("say what to change: --class, --weight or --ceiling")
    with open_deployment(Settings()) as deployment:
        over = why_over(deployment, find_batch(deployment.ledger, batch))
        if over:
            return tell_nothing("change", batch, over, as_json=as_json)
        changed = deployment.steering.change(batch, standing)
    if as_json:
        events.result(Exit.OK, batch=batch, changed=changed)
    else:
        plain_text.say("changed" if changed else f"nothing to change: batch {batch} settled at this moment")
    return Exit.OK
