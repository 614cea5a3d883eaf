"""Lists the requests of the API that read: what the commands show, as JSON."""

from __future__ import annotations

from forebay.web.api.answers import batch_answers as of_batches
from forebay.web.api.answers import deployment_answers as of_deployment
from forebay.web.api.operations import query_parameters as takes
from forebay.web.api.operations.api_operation import ApiOperation
from forebay.web.api.query_strings import (
    batches_wanted,
    costs_wanted,
    deeds_wanted,
    manifests_wanted,
    run_index,
    runs_wanted,
    wait_wanted,
    windows_wanted,
)
from forebay.web.api.readings import Facts, PackedStates


def states_facts(states: PackedStates) -> Facts:
    """Writes the states of a batch's runs, half a byte each, in hex, which compresses as well as bytes do."""
    return {
        "columns": states.columns,
        "lanes": [{"lane": each.lane, "runs": each.runs, "known": bool(each.packed)} for each in states.lanes],
        "packed": states.packed.hex(),
    }


READING = (
    ApiOperation(
        path="/today",
        name="today",
        answers=(of_deployment.TodayAnswer,),
        summary="What needs a person, and a line for each extract and lane",
        do=lambda services, _: services.watched.today(),
    ),
    ApiOperation(
        path="/batches",
        name="list_batches",
        answers=(of_batches.BatchesAnswer,),
        summary="Batches, newest first",
        do=lambda services, asked: services.watched.batches(batches_wanted(asked.query)),
        parameters=takes.BATCHES,
    ),
    ApiOperation(
        path="/batches/{batch}",
        name="get_batch",
        answers=(of_batches.BatchAnswer,),
        summary="How a batch stands and what is in its way; waits for its end if asked to",
        do=lambda services, asked: services.watched.batch(asked.path["batch"], ended=asked.ended),
        parameters=takes.WAIT,
        wait=lambda asked: wait_wanted(asked.query),
    ),
    ApiOperation(
        path="/batches/{batch}/states",
        name="get_states",
        answers=(of_batches.StatesAnswer,),
        summary="The states of all its runs, half a byte each, in hex",
        do=lambda services, asked: states_facts(services.watched.states(asked.path["batch"])),
    ),
    ApiOperation(
        path="/batches/{batch}/runs",
        name="list_runs",
        answers=(of_batches.RunsAnswer,),
        summary="Its runs in their order",
        do=lambda services, asked: services.watched.runs(asked.path["batch"], runs_wanted(asked.query)),
        parameters=takes.RUNS,
    ),
    ApiOperation(
        path="/batches/{batch}/runs/{lane}/{index}",
        name="get_run",
        answers=(of_batches.RunAnswer,),
        summary="All that is known of a run, with its story",
        do=lambda services, asked: services.watched.run(
            asked.path["batch"], asked.path["lane"], run_index(asked.path["index"])
        ),
    ),
    ApiOperation(
        path="/batches/{batch}/failures",
        name="list_failures",
        answers=(of_batches.FailuresAnswer,),
        summary="What failed of it and still stands, by cause, with what helps",
        do=lambda services, asked: services.watched.failures(asked.path["batch"]),
    ),
    ApiOperation(
        path="/batches/{batch}/manifests",
        name="list_manifests",
        answers=(of_batches.ManifestsAnswer,),
        summary="The manifests of its runs that have landed",
        do=lambda services, asked: services.watched.manifests(asked.path["batch"], *manifests_wanted(asked.query)),
        parameters=takes.MANIFESTS,
    ),
    ApiOperation(
        path="/lanes",
        name="list_lanes",
        answers=(of_deployment.LanesAnswer,),
        summary="Slots, limits, budgets, refusals and gates; and why nothing moves",
        do=lambda services, _: services.watched.lanes(),
    ),
    ApiOperation(
        path="/extracts",
        name="list_extracts",
        answers=(of_deployment.ExtractsAnswer,),
        summary="Extracts with their newest windows",
        do=lambda services, _: services.watched.extracts(),
    ),
    ApiOperation(
        path="/extracts/{extract}",
        name="get_extract",
        answers=(of_deployment.ExtractAnswer,),
        summary="An extract with its windows, newest first, and its gaps as ranges",
        do=lambda services, asked: services.watched.extract(asked.path["extract"], windows_wanted(asked.query)),
        parameters=takes.WINDOWS,
    ),
    ApiOperation(
        path="/extracts/{extract}/windows/{window}",
        name="get_window",
        answers=(of_deployment.OneWindowAnswer,),
        summary="The window of an extract that a date or a time is in",
        do=lambda services, asked: services.watched.window(asked.path["extract"], asked.path["window"]),
    ),
    ApiOperation(
        path="/accounts",
        name="list_accounts",
        answers=(of_deployment.AccountsAnswer,),
        summary="How each account stood in the windows that ended",
        do=lambda services, _: services.watched.accounts(),
    ),
    ApiOperation(
        path="/accounts/{account}",
        name="get_account",
        answers=(of_deployment.AccountAnswer,),
        summary="How an account stood in the newest windows of each extract",
        do=lambda services, asked: services.watched.account(asked.path["account"], windows_wanted(asked.query)),
        parameters=takes.WINDOWS,
    ),
    ApiOperation(
        path="/costs",
        name="get_costs",
        answers=(of_deployment.CostsAnswer,),
        summary="What was spent, and its cost where the spec has prices",
        do=lambda services, asked: services.watched.costs(costs_wanted(asked.query)),
        parameters=takes.COSTS,
    ),
    ApiOperation(
        path="/deeds",
        name="list_deeds",
        answers=(of_deployment.DeedsAnswer,),
        summary="What people and programs did, newest first",
        do=lambda services, asked: services.watched.deeds(deeds_wanted(asked.query)),
        parameters=takes.DEEDS,
    ),
    ApiOperation(
        path="/deeds/{deed}",
        name="get_deed",
        answers=(of_deployment.WholeDeedAnswer,),
        summary="What somebody did, what came of it, and how far it is",
        do=lambda services, asked: services.watched.deed(asked.path["deed"]),
    ),
)
