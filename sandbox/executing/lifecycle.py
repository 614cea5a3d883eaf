"""Takes an accepted query to the end of its run: slot, execution, file, and the moment it stops counting as alive.

submit() is called by a create; it takes the slot and starts one task for each run. A run ends when its query has
been executed *and* its drawn duration has passed, or when a limit stops it.
"""

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.errors import invalid_sql
from forebay.sandbox.events.announcing import announce_created, announce_ended
from forebay.sandbox.executing.directives import Directives, read_directives
from forebay.sandbox.executing.other_results import OTHER_RESULTS, make_other
from forebay.sandbox.executing.run_times import parse_duration
from forebay.sandbox.executing.zipping import zip_csv
from forebay.sandbox.faults import Fault, FaultName, Operation
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.runs import AskedRun, Cancellation, Failure, RunEnd, SandboxRun, SpooledResult
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.setting_choices import DataInvalidSql, RefreshedAt, ReportingCanceled
from forebay.sandbox.sql.engine import EngineError, InterruptedQueryError, Ticket
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.trino import Sight
from forebay.sandbox.world import World

# How often a growing file is compared with the limit; a file overshoots it by at most what is written meanwhile.
_SIZE_CHECK_S = 0.1


async def submit(
    world: World, caller: Caller, asked: AskedRun, *, idempotency_key: str | None, request_id: str
) -> SandboxRun:
    """Checks the SQL, takes a slot, and sets the run going; raises the 400 or the 429 that Stripe would answer."""
    try:
        directives = read_directives(asked.sql)
    except ValueError as exc:
        raise invalid_sql(str(exc)) from exc
    planned = await _plan(world, caller, asked)
    run = _new_run(world, caller, asked, directives, idempotency_key=idempotency_key)
    settings = world.settings
    world.runs.claim(
        run, cap=world.cap(caller), outside_slots=settings.outside_slots, with_reason=settings.cap_reason_header
    )
    announce_created(world, run, request_id)
    ticket = Ticket()
    task = asyncio.create_task(_live(world, run, planned, directives, ticket))
    world.tasks[task] = ticket
    task.add_done_callback(lambda done: world.tasks.pop(done, None))
    return run


async def _plan(world: World, caller: Caller, asked: AskedRun) -> str | Failure:
    """Translates the SQL; gives the failure with which the run will end where that is not told at once."""
    check, sight = world.engine.check, _sight(world, caller)
    try:
        return await asyncio.get_running_loop().run_in_executor(world.planning, check, asked.sql, sight)
    except SqlRefusedError as exc:
        refused = invalid_sql(str(exc))
        if asked.api is SandboxApi.DATA and world.settings.data_invalid_sql is DataInvalidSql.FAILED:
            return Failure(code=str(refused.code), message=refused.message)
        raise refused from exc


def _sight(world: World, caller: Caller) -> Sight:
    settings = world.settings
    return Sight(
        account=caller.account,
        no_access=settings.no_access,
        data_load_time=settings.data_load_time,
        organization_column=settings.organization_column,
    )


def _new_run(
    world: World, caller: Caller, asked: AskedRun, directives: Directives, *, idempotency_key: str | None
) -> SandboxRun:
    drawn_s = parse_duration(world.settings.duration).draw(world.dice)
    return SandboxRun(
        id=f"{asked.api.id_prefix(livemode=caller.livemode)}{secrets.token_hex(12)}",
        api=asked.api,
        owner=caller.owner,
        livemode=caller.livemode,
        key_id=caller.key_id,
        cap_scope=world.cap_scope(caller, asked.api),
        sql=asked.sql,
        compress=asked.compress,
        idempotency_key=idempotency_key,
        created_ns=world.now_ns(),
        refreshed_at=_refreshed_at(world.settings),
        duration_s=drawn_s if directives.duration_s is None else directives.duration_s,
    )


def _refreshed_at(settings: SandboxSettings) -> datetime | None:
    told = settings.refreshed_at
    if isinstance(told, datetime):
        return told
    return settings.data_load_time if told is RefreshedAt.DATA_LOAD_TIME else None


async def _live(world: World, run: SandboxRun, planned: str | Failure, directives: Directives, ticket: Ticket) -> None:
    limit_s = world.settings.run_limit_s
    book = world.runs
    try:
        async with asyncio.timeout(limit_s):
            outcome = await _outcome(world, run, planned, directives, ticket)
    except TimeoutError:
        ticket.interrupt()
        message = f"The query exceeded the execution limit of {limit_s / 60:g} minutes."
        outcome = Failure(code=world.settings.timeout_error_code, message=message)
    book.end(run.id, outcome, world.now())
    announce_ended(world, book.get(run.id))


async def _outcome(
    world: World, run: SandboxRun, planned: str | Failure, directives: Directives, ticket: Ticket
) -> RunEnd:
    if world.faults.strike(Operation.RUN, FaultName.STALL_RUN, api=run.api):
        await asyncio.sleep(world.settings.run_limit_s + 1)
    struck = world.faults.strike(Operation.RUN, FaultName.FAIL_RUN, api=run.api)
    fail_code = directives.fail_code or (struck and struck.error_code)
    if fail_code:
        await asyncio.sleep(run.duration_s)
        return Failure(code=fail_code, message="The query failed because the sandbox was told to fail it.")
    if world.faults.strike(Operation.RUN, FaultName.CANCEL_RUN, api=run.api) or directives.cancel:
        await asyncio.sleep(run.duration_s)
        return _canceled(run, world.settings)
    if isinstance(planned, Failure):
        await asyncio.sleep(run.duration_s)
        return planned
    clock = asyncio.get_running_loop().time
    ends_at_s = clock() + run.duration_s
    result = await _execute(world, run, planned, ticket)
    await asyncio.sleep(max(0, ends_at_s - clock()))
    return result


def _canceled(run: SandboxRun, settings: SandboxSettings) -> RunEnd:
    message = "The query was canceled because the sandbox was told to cancel it."
    if run.api is SandboxApi.REPORTING and settings.reporting_canceled is ReportingCanceled.FAILED:
        return Failure(code=settings.canceled_error_code, message=message)
    return Cancellation(message=message)


async def _execute(world: World, run: SandboxRun, translated: str, ticket: Ticket) -> SpooledResult | Failure:
    settings = world.settings
    csv = world.spool / f"{run.id}.csv"
    other = world.faults.strike(Operation.RUN, *OTHER_RESULTS, api=run.api)
    loop = asyncio.get_running_loop()
    work = loop.run_in_executor(world.executing, _produce, world, run, translated, csv, ticket, other)
    try:
        while not (await asyncio.wait([work], timeout=_SIZE_CHECK_S))[0]:
            # What is compressed is measured as it is delivered; its CSV may be larger.
            if not run.compress and _size(csv) > settings.result_limit_bytes:
                ticket.interrupt()
        result = await work
    except EngineError as exc:
        return Failure(code=settings.engine_error_code, message=str(exc))
    except OSError as exc:  # a full disk, say; without an end the run would hold its slot for good
        return Failure(code="internal_error", message=f"The sandbox could not write the result: {exc.strerror}.")
    except InterruptedQueryError:
        return _too_large(settings.result_limit_bytes)
    finally:
        await _stop(work, ticket)
    if result.size_bytes > settings.result_limit_bytes:
        result.path.unlink(missing_ok=True)
        return _too_large(settings.result_limit_bytes)
    return result


async def _stop(work: asyncio.Future[SpooledResult], ticket: Ticket) -> None:
    """Asks until the thread is out: DuckDB forgets an interrupt that comes before its query starts."""
    while not work.done():
        ticket.interrupt()
        await asyncio.wait([work], timeout=_SIZE_CHECK_S)
    if not work.cancelled():
        work.exception()  # seen, so that asyncio does not report it as lost


def _produce(
    world: World, run: SandboxRun, translated: str, csv: Path, ticket: Ticket, other: Fault | None
) -> SpooledResult:
    """Writes the whole result onto disk, never into memory; runs in an executing thread."""
    settings = world.settings
    executed = world.engine.execute(translated, csv, ticket, settings.csv_times)
    if other:
        make_other(csv, other.name)
    plain = SpooledResult(
        path=csv,
        content_type="csv",
        size_bytes=_size(csv),
        csv_bytes=_size(csv),
        row_count=executed.row_count,
        columns=executed.columns,
    )
    if not run.compress:
        return plain
    archive = csv.with_suffix(".zip")
    limit = settings.result_limit_bytes
    try:
        zip_csv(
            csv,
            archive,
            level=settings.zip_level,
            sizes=settings.zip_sizes,
            keep_going=lambda written: written <= limit and not ticket.interrupted,
        )
    finally:
        csv.unlink(missing_ok=True)
    return replace(plain, path=archive, content_type="zip", size_bytes=_size(archive))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _too_large(limit_bytes: int) -> Failure:
    limit = f"{limit_bytes / 1e9:g} GB" if limit_bytes >= 1e8 else f"{limit_bytes} byte"
    message = f"The file generated by this request exceeds the {limit} limit."
    return Failure(code="file_size_above_limit", message=message)
