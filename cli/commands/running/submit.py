"""`forebay submit`: make queries a batch and return at once with its id."""

import typer

from forebay.cli import options
from forebay.cli.accept import Wishes, accept, read_request
from forebay.cli.deployment import deployment
from forebay.cli.exits import Exit
from forebay.cli.named import Choice
from forebay.cli.output import events


def submit(
    queries: options.Queries,
    to: options.ToUrl = None,
    account: options.Account = None,
    connection: options.ConnectionName = None,
    cap: options.Cap = None,
    flow_class: options.Class = None,
    weight: options.Weight = None,
    ceiling: options.Ceiling = None,
    window: options.Window = None,
    param: options.Param = None,
    *,
    fresh: options.Fresh = False,
    as_json: options.Json = False,
) -> int:
    """Queue queries, or a batch or an extract of the spec, and print the id of the batch.

    Works in the background: of the deployment, or of this machine where FOREBAY_REDIS_URL is not set.
    """
    wishes = Wishes(flow_class=flow_class, weight=weight, ceiling=ceiling)
    choice = Choice(window=window, params=tuple(param or ()), fresh=fresh)
    request = read_request(
        queries, to=to, account=account, connection=connection, cap=cap, wishes=wishes, choice=choice
    )
    with deployment(request.settings, request.config) as here:
        batch = accept(here, request)
        here.start_work()
        if as_json:
            events.submitted(batch)
            events.emit({"event": "result", "schema": events.SCHEMA, "exit": 0, "batch": batch.id})
        else:
            typer.echo(batch.id)
            typer.echo(f"follow it with: forebay watch {batch.id}", err=True)
    return Exit.OK
