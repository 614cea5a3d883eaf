"""`forebay run`: submit, follow to the end, say what landed."""

from forebay.cli import options
from forebay.cli.accept import Wishes, accept, read_request
from forebay.cli.deployment import deployment
from forebay.cli.endings import follow_to_end
from forebay.cli.named import Choice
from forebay.cli.output import events, words
from forebay.cli.output.console import Manner


def run(
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
    timeout: options.Timeout = None,
    *,
    fresh: options.Fresh = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> int:
    """Run queries, or a batch or an extract of the spec, and land the results.

    Without FOREBAY_REDIS_URL it starts a Valkey and workers of its own, and stops them at the end.

    The first Ctrl-C leaves the work running in the background, the second stops it.
    """
    manner = Manner(as_json=as_json, quiet=quiet, no_progress=no_progress)
    wishes = Wishes(flow_class=flow_class, weight=weight, ceiling=ceiling)
    choice = Choice(window=window, params=tuple(param or ()), fresh=fresh)
    request = read_request(
        queries, to=to, account=account, connection=connection, cap=cap, wishes=wishes, choice=choice
    )
    with deployment(request.settings, request.config) as here:
        batch = accept(here, request)
        if as_json:
            events.submitted(batch)
        elif not quiet:
            # Before the first look: whoever interrupts now must know what to come back to.
            runs = words.runs(sum(flow.size for flow in batch.flows))
            manner.remark(f"batch {batch.id}: {runs} → {words.place(batch.output)}")
        here.start_work()
        return follow_to_end(here, batch, manner, timeout_s=timeout)
