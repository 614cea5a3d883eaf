"""Asks Stripe what the questions need, one run after the other in one slot, and keeps of it what may leave.

A run is only begun when the one before was seen to end. So however Stripe answers, no more than one is alive; even
where a create that was replayed makes a second one.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import httpx

from forebay.cli.errors import PreflightFailed
from forebay.cli.recording.held_slot import HeldSlot
from forebay.cli.recording.observations import Observations, SeenEvents, SeenReply, SeenRun, telling
from forebay.cli.recording.result_file import FORM_SQL, ResultHost, csv_form, zip_of
from forebay.config.connections import Connection
from forebay.config.stripe import Api, is_organization_key
from forebay.landing.errors import LandingError
from forebay.queryrun.bounded_http import Reply
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.errors import ProviderError, QueryRunError
from forebay.queryrun.events_page import EVENTS_PATH
from forebay.queryrun.models import QueryRun
from forebay.queryrun.schemas_page import PAGE, SCHEMAS_PATH
from forebay.queryrun.wire import as_object, instant, json_object, name

PLAIN_SQL = "SELECT 1 AS forebay_one"
OTHER_SQL = "SELECT 2 AS forebay_two"
LOADED_SQL = "SELECT data_load_time AS forebay_loaded"
WRONG_SQL = "SELECT forebay_no_such_column"
ENGINE_SQL = "SELECT CAST(forebay_word AS BIGINT) FROM (VALUES 'forebay') AS forebay_rows (forebay_word)"
ORGANIZATION_SQL = "SELECT * FROM charges WHERE 1 = 0"
ABSENT = "forebay_record_asks_for_nothing"

#: Until one of these is seen to end; none of them reads anything, so what takes longer waits at Stripe.
_RUN_S = 15 * 60.0
#: For the event of a run that has ended.
EVENTS_S = 30.0
_PAUSES_S = (0.3, 0.5, 1.0, 2.0, 3.0, 5.0)


def planned_runs(connection: Connection, account: str | None) -> int:
    """Says how many runs it comes to at most, where keys are honoured."""
    wrong = 1 if connection.apart else 2
    return 5 + wrong + asks_all(connection, account)


def asks_all(connection: Connection, account: str | None) -> bool:
    """Tells whether an organization as a whole is asked, so that its rows say whose they are."""
    if account is not None or connection.key_per_account:
        return False
    return is_organization_key(connection.key())


class RecordingStopped(Exception):
    """Raised when nothing more can be asked: the key may not, a limit was met, or what became of a run is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAim:
    """What a recording is about."""

    account: str | None
    sql_bytes: int
    """How long the long text is: the most that our settings let through."""
    events_s: float = EVENTS_S
    run_s: float = _RUN_S


class Gatherer:
    """One recording. Each method asks one thing, and writes what it saw into `seen`."""

    def __init__(
        self,
        client: QueryRunClient,
        slot: HeldSlot,
        host: ResultHost,
        asked: RecordingAim,
        *,
        pause: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client, self._slot, self._host, self._asked = client, slot, host, asked
        self._connection = client.connection
        self._pause, self._tell = pause, tell
        self._name = f"fb-record-{secrets.token_hex(12)}"
        self.seen = Observations(api=client.connection.api)

    def gather(self) -> Observations:
        """Asks everything that can be asked; what stops it is in `seen.stopped`."""
        try:
            for step in (self._looks, self._plain, self._zipped, self._loaded, self._errors, self._long, self._whole):
                step()
        except RecordingStopped as stopped:
            self.seen.stopped = str(stopped)
        except QueryRunError as error:
            self.seen.stopped = error.cause
        except PreflightFailed as refused:
            self.seen.stopped = str(refused)
        self.seen.requests = self._slot.requests
        return self.seen

    def _looks(self) -> None:
        """Asks what costs no run: contexts, the other generation, the list of tables."""
        self._tell("looks: contexts, generations, tables")
        other = Api.DATA if self.seen.api is Api.REPORTING else Api.REPORTING
        self.seen.other_api = self._absent(other)
        account = self._asked.account or self._connection.context(None)
        if account and not self._connection.key_per_account:
            self.seen.with_context = self._absent(self.seen.api, context=account)
            self.seen.without_context = self._absent(self.seen.api, context="")
        reply = self._look(f"{SCHEMAS_PATH}?{urlencode({'limit': PAGE})}", Api.DATA)
        self.seen.tables = _seen(reply)
        listed = json_object(reply.body).get("data")
        moments = (instant(as_object(each).get("refreshed_at")) for each in listed) if isinstance(listed, list) else ()
        self.seen.tables_refreshed = [moment for moment in moments if moment]

    def _plain(self) -> None:
        self._tell(f"a run of {PLAIN_SQL}, and its create once more under its key")
        key = f"{self._name}-plain"
        run, shown = self._run("plain", PLAIN_SQL, key=key)
        if shown is not None and shown.succeeded:
            run, _ = self._with_file(run, shown)
        self._keep(run)
        self.seen.plain = run
        if run.query_run is None:
            raise RecordingStopped(f"the first create was refused ({run.create}), so no other one was sent")
        self.seen.events = self._events_of(run.query_run)
        replayed, again = self._run("replayed", PLAIN_SQL, key=key)
        self.seen.replayed = replayed.create
        self.seen.replayed_same = again.id == run.query_run if again else None
        other, made = self._run("other body", OTHER_SQL, key=key)
        self.seen.other_body = other.create
        self.seen.other_body_same = made.id == run.query_run if made else None
        for extra in (replayed, other):
            if extra.query_run not in (None, run.query_run):
                self._keep(extra)

    def _zipped(self) -> None:
        self._tell("a run of one row of times and decimals, as a zip")
        run, shown = self._run("zipped", FORM_SQL, compress=True)
        body = b""
        if shown is not None and shown.succeeded:
            run, body = self._with_file(run, shown)
        self.seen.zipped = self._keep(run)
        if read := zip_of(body):
            self.seen.zip, content = read
            self.seen.csv = csv_form(content)

    def _loaded(self) -> None:
        api = Api.DATA if self._answers(Api.DATA) else self.seen.api
        self._tell(f"a run of {LOADED_SQL}, by the {api} API")
        run, shown = self._run("loaded", LOADED_SQL, api=api)
        if shown is not None and shown.succeeded:
            run, body = self._with_file(run, shown)
            lines = body.decode(errors="replace").split()
            records = body.decode(errors="replace").splitlines()
            self.seen.counted_rows = len(records) - 1
            if len(lines) > 1:
                self.seen.data_load_time = instant(records[1].strip('"').removesuffix(" UTC"))
        self.seen.loaded = self._keep(run)

    def _errors(self) -> None:
        self._tell("SQL that is wrong, and SQL that fails in the engine")
        wrong = {}
        for api in Api:
            if api is self.seen.api or self._answers(api):
                run, _ = self._run(f"wrong SQL, {api}", WRONG_SQL, api=api)
                wrong[api] = self._keep(run)
        self.seen.wrong_sql = wrong
        run, _ = self._run("engine error", ENGINE_SQL)
        self.seen.engine_error = self._keep(run)

    def _long(self) -> None:
        most = self._asked.sql_bytes
        self._tell(f"a run whose SQL is {most:,} bytes long, nearly all of them a comment")
        text = f"{PLAIN_SQL} /* "
        run, _ = self._run("long SQL", f"{text}{'x' * max(0, most - len(text) - 3)} */")
        self.seen.long_sql, self.seen.long_sql_bytes = self._keep(run), most

    def _whole(self) -> None:
        """Asks what an organization's rows have more, by SQL that gives none."""
        if not asks_all(self._connection, self._asked.account):
            return
        self._tell(f"a run of {ORGANIZATION_SQL}, over the organization")
        run, shown = self._run("organization", ORGANIZATION_SQL)
        if shown is not None and shown.succeeded:
            run, body = self._with_file(run, shown)
            header = body.decode("utf-8-sig", errors="replace").partition("\n")[0]
            names = [each.strip('"\r') for each in header.split(",")]
            self.seen.account_column = next((each for each in ("account", "merchant_id") if each in names), "")
        self.seen.organization = self._keep(run)

    def _keep(self, run: SeenRun) -> SeenRun:
        self.seen.runs.append(run)
        return run

    def _answers(self, api: Api) -> bool:
        """Tells whether runs may be made by it: where the generations are counted apart, the slot is for one alone."""
        if api is self.seen.api:
            return True
        answered = self.seen.other_api
        return not self._connection.apart and answered is not None and answered.status == 404 and bool(answered.code)

    def _run(
        self, what: str, sql: str, *, api: Api | None = None, compress: bool = False, key: str | None = None
    ) -> tuple[SeenRun, QueryRun | None]:
        """Creates a run, and waits for its end; what it showed then is None where there is no run."""
        api = api or self.seen.api
        reply = self._create(sql, api, compress=compress, key=key or f"{self._name}-{what}")
        run = SeenRun(what=what, api=api, create=_seen(reply))
        if not reply.is_success:
            if reply.status == 429:
                self.seen.refused_by_limit = run.create
                self._keep(run)
                raise RecordingStopped(f"Stripe holds creates back now ({run.create})")
            return run, None
        created = DIALECTS[api].parse(reply.body, request_id=None)
        shown, took_s = self._ended(created)
        self._slot.may_be_alive = False
        result = shown.result
        return replace(
            run,
            query_run=shown.id,
            ended_as=shown.status,
            code=shown.failure.code if shown.failure else None,
            seconds=round(took_s, 1),
            content_type=result.content_type if result else None,
            size_bytes=result.size_bytes if result else None,
            rows=result.rows if result else None,
            columns=result.columns if result else (),
            refreshed_at=shown.refreshed_at,
        ), shown

    def _create(self, sql: str, api: Api, *, compress: bool, key: str) -> Reply:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        body = self._client.create_body(sql=sql, compress=compress, api=api)
        # Again only where keys are known to be honoured: else it may be one run more beside one that is alive.
        for _ in range(2 if self.seen.replayed_same else 1):
            self._slot.before_create()
            with suppress(ProviderError):
                reply = self._client.exchange(
                    "POST", DIALECTS[api].create_path, account=self._asked.account, api=api, headers=headers, body=body
                )
                if reply.is_success or 400 <= reply.status < 500:
                    self._slot.may_be_alive = reply.is_success
                    return reply
        raise RecordingStopped("Stripe did not answer a create, so whether its run is alive is not known")

    def _ended(self, created: QueryRun) -> tuple[QueryRun, float]:
        shown, waited_s, pauses = created, 0.0, list(_PAUSES_S)
        # A result comes with a URL; one that a create's answer had may be old.
        while not shown.ended or shown is created:
            if waited_s > self._asked.run_s:
                raise RecordingStopped(f"a run did not end within {self._asked.run_s / 60:.0f} minutes")
            pause_s = pauses.pop(0) if len(pauses) > 1 else pauses[0]
            self._pause(pause_s)
            waited_s += pause_s
            self._slot.before_look()
            with suppress(ProviderError):
                shown = self._client.retrieve(created.id, account=self._asked.account)
        return shown, waited_s

    def _with_file(self, run: SeenRun, shown: QueryRun) -> tuple[SeenRun, bytes]:
        if shown.result is None:
            return run, b""
        try:
            file, body = self._host.look(shown.result.url)
        except (httpx.RequestError, LandingError):
            return run, b""
        return replace(run, file=file), body

    def _events_of(self, query_run: str) -> SeenEvents:
        path = f"{EVENTS_PATH}?{urlencode({'object_id': query_run})}"
        for waited_s in _growing(self._asked.events_s):
            reply = self._look(path, self.seen.api)
            if not reply.is_success:
                return SeenEvents(refusal=_seen(reply))
            listed = json_object(reply.body).get("data")
            events = [as_object(each) for each in listed] if isinstance(listed, list) else []
            ends = [each for each in events if not name(each.get("type")).endswith("created")]
            if ends:
                created = instant(ends[0].get("created"))
                late = (_date_of(reply) - created).total_seconds() if created else None
                types = sorted({name(each.get("type")) for each in events})
                return SeenEvents(types=types, delay_s=None if late is None else max(0.0, late), waited_s=waited_s)
            self._pause(1.0)
        return SeenEvents(waited_s=self._asked.events_s)

    def _absent(self, api: Api, *, context: str | None = None) -> SeenReply:
        path = f"{DIALECTS[api].create_path}/{DIALECTS[api].id_prefix}{ABSENT}"
        return _seen(self._look(path, api, context=context))

    def _look(self, path: str, api: Api, *, context: str | None = None) -> Reply:
        self._slot.before_look()
        headers = None if context is None else {"Stripe-Context": context}
        account = self._asked.account
        return self._client.exchange("GET", path, account=account, api=api, headers=headers)


def _seen(reply: Reply) -> SeenReply:
    error = as_object(json_object(reply.body).get("error"))
    return SeenReply(status=reply.status, code=name(error.get("code")) or None, headers=telling(reply.headers))


def _growing(most_s: float) -> Iterator[float]:
    waited_s = 0.0
    while waited_s <= most_s:
        yield waited_s
        waited_s += 1.0


def _date_of(reply: Reply) -> datetime:
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
