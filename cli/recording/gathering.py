"""Asks Stripe what the questions need, one thing after the other, and keeps of it what may leave.

How a request is sent, and what ends it all, says `asker.py`.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from forebay.cli.errors import PreflightFailed
from forebay.cli.recording.asker import Asker, RecordingAim, RecordingStopped, seen_reply
from forebay.cli.recording.held_slot import HeldSlot
from forebay.cli.recording.observations import Observations, SeenEvents, SeenRun
from forebay.cli.recording.result_file import (
    FORM_SQL,
    ResultHost,
    account_column,
    counted_rows,
    csv_form,
    first_moment,
    zip_of,
)
from forebay.config.connections import Connection
from forebay.config.stripe import Api, is_organization_key
from forebay.governor.errors import GovernorError
from forebay.queryrun.bounded_http import Reply
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.lists.events_page import EVENTS_PATH
from forebay.queryrun.lists.schemas_page import PAGE, SCHEMAS_PATH
from forebay.queryrun.wire import as_object, instant, json_object, name

PLAIN_SQL = "SELECT 1 AS forebay_one"
OTHER_SQL = "SELECT 2 AS forebay_two"
LOADED_SQL = "SELECT data_load_time AS forebay_loaded, 1 AS forebay_one"
WRONG_SQL = "SELECT forebay_no_such_column"
ENGINE_SQL = "SELECT CAST(forebay_word AS BIGINT) FROM (VALUES 'forebay') AS forebay_rows (forebay_word)"
ORGANIZATION_SQL = "SELECT * FROM charges WHERE 1 = 0"


def planned_runs(connection: Connection, account: str | None) -> int:
    """Says how many runs it comes to at most, where keys are honoured."""
    wrong = 1 if connection.apart else 2
    return 5 + wrong + asks_all(connection, account)


def asks_all(connection: Connection, account: str | None) -> bool:
    """Tells whether an organization as a whole is asked, so that its rows say whose they are."""
    if account is not None or connection.key_per_account:
        return False
    return is_organization_key(connection.key())


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
        self._slot, self._asked, self._connection = slot, asked, client.connection
        self._pause, self._tell = pause, tell
        self.seen = Observations(api=client.connection.api)
        self._asker = Asker(client, slot, host, asked, self.seen, pause)

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
        except GovernorError as error:
            # Its text may name where Redis is.
            self.seen.stopped = f"Redis did not answer as it should ({type(error).__name__})"
        self.seen.requests = self._slot.requests
        return self.seen

    def _looks(self) -> None:
        """Asks what costs no run: contexts, the other generation, the list of tables."""
        self._tell("looks: contexts, generations, tables")
        self.seen.other_api = self._asker.absent(self.seen.unspoken)
        account = self._asked.account or self._connection.context(None)
        if account and not self._connection.key_per_account:
            self.seen.with_context = self._asker.absent(self.seen.api, context=account)
            self.seen.without_context = self._asker.absent(self.seen.api, context="")
        reply = self._asker.look(f"{SCHEMAS_PATH}?{urlencode({'limit': PAGE})}", Api.DATA)
        self.seen.tables = seen_reply(reply)
        listed = json_object(reply.body).get("data")
        moments = (instant(as_object(each).get("refreshed_at")) for each in listed) if isinstance(listed, list) else ()
        self.seen.tables_refreshed = [moment for moment in moments if moment]

    def _plain(self) -> None:
        self._tell(f"a run of {PLAIN_SQL}, and its create once more under its key")
        key = f"fb-record-{secrets.token_hex(12)}"
        run, shown = self._asker.run("plain", PLAIN_SQL, key=key)
        run, _ = self._asker.with_file(run, shown, parts=True)
        self._keep(run)
        self.seen.plain = run
        if run.query_run is None:
            raise RecordingStopped(f"the first create was refused ({run.create}), so no other one was sent")
        self.seen.events = self._events_of(run.query_run)
        replayed, again = self._asker.run("replayed", PLAIN_SQL, key=key)
        self.seen.replayed = replayed.create
        self.seen.replayed_same = again.id == run.query_run if again else None
        other, made = self._asker.run("other body", OTHER_SQL, key=key)
        self.seen.other_body = other.create
        self.seen.other_body_same = made.id == run.query_run if made else None
        for extra in (replayed, other):
            if extra.query_run not in (None, run.query_run):
                self._keep(extra)

    def _zipped(self) -> None:
        self._tell("a run of one row of times and decimals, as a zip")
        run, shown = self._asker.run("zipped", FORM_SQL, compress=True)
        run, body = self._asker.with_file(run, shown)
        self.seen.zipped = self._keep(run)
        if read := zip_of(body):
            self.seen.zip, content = read
            self.seen.csv = csv_form(content)

    def _loaded(self) -> None:
        api = Api.DATA if self._answers(Api.DATA) else self.seen.api
        self._tell(f"a run of {LOADED_SQL}, by the {api} API")
        run, shown = self._asker.run("loaded", LOADED_SQL, api=api)
        run, body = self._asker.with_file(run, shown)
        self.seen.counted_rows = counted_rows(body)
        self.seen.data_load_time = first_moment(body)
        self.seen.loaded = self._keep(run)
        if api is Api.DATA and run.has_result:
            self._inline(str(run.query_run))

    def _inline(self, query_run: str) -> None:
        """Asks for the rows of a result in the answer, and keeps what one of its numbers is."""
        asked = urlencode({"include[0]": "result.inline", "limit": 1})
        reply = self._asker.look(f"{DIALECTS[Api.DATA].create_path}/{query_run}?{asked}", Api.DATA)
        inline = as_object(as_object(json_object(reply.body).get("result")).get("inline"))
        rows = inline.get("rows")
        number = (
            as_object(as_object(rows[0]).get("data")).get("forebay_one") if isinstance(rows, list) and rows else None
        )
        self.seen.inline_number = type(number).__name__ if number is not None else None

    def _errors(self) -> None:
        self._tell("SQL that is wrong, and SQL that fails in the engine")
        wrong = {}
        for api in Api:
            if api is self.seen.api or self._answers(api):
                run, _ = self._asker.run(f"wrong SQL, {api}", WRONG_SQL, api=api)
                wrong[api] = self._keep(run)
        self.seen.wrong_sql = wrong
        run, _ = self._asker.run("engine error", ENGINE_SQL)
        self.seen.engine_error = self._keep(run)

    def _long(self) -> None:
        most = self._asked.sql_bytes
        self._tell(f"a run whose SQL is {most:,} bytes long, nearly all of them a comment")
        text = f"{PLAIN_SQL} /* "
        run, _ = self._asker.run("long SQL", f"{text}{'x' * max(0, most - len(text) - 3)} */")
        self.seen.long_sql, self.seen.long_sql_bytes = self._keep(run), most

    def _whole(self) -> None:
        """Asks what an organization's rows have more, by SQL that gives none."""
        if not asks_all(self._connection, self._asked.account):
            return
        self._tell(f"a run of {ORGANIZATION_SQL}, over the organization")
        run, shown = self._asker.run("organization", ORGANIZATION_SQL)
        run, body = self._asker.with_file(run, shown)
        self.seen.account_column = account_column(body)
        self.seen.organization = self._keep(run)

    def _keep(self, run: SeenRun) -> SeenRun:
        self.seen.runs.append(run)
        return run

    def _answers(self, api: Api) -> bool:
        """Tells whether runs may be made by it: where the generations are counted apart, the slot is for one alone."""
        if api is self.seen.api:
            return True
        return not self._connection.apart and self.seen.other_api is not None and self.seen.other_api.is_taken

    def _events_of(self, query_run: str) -> SeenEvents:
        path = f"{EVENTS_PATH}?{urlencode({'object_id': query_run})}"
        for waited_s in _growing(self._asked.events_s):
            reply = self._asker.look(path, self.seen.api)
            if not reply.is_success:
                return SeenEvents(refusal=seen_reply(reply))
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
