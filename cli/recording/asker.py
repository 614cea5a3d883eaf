"""Sends the requests of a recording: looks, creates whose runs are waited for, and fetches; says what ends it all.

A run is only begun when the one before was seen to end. So however Stripe answers, no more than one is alive; even
where a create that was replayed makes a second one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx

from forebay.cli.recording.held_slot import HeldSlot
from forebay.cli.recording.observations import Observations, SeenReply, SeenRun, telling
from forebay.cli.recording.result_file import NotFetched, ResultHost
from forebay.config.stripe import Api
from forebay.landing.errors import LandingError
from forebay.queryrun.bounded_http import Reply
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.errors import ProviderError
from forebay.queryrun.models import QueryRun
from forebay.queryrun.wire import as_object, json_object, name

ABSENT = "forebay_record_asks_for_nothing"
#: Until a run is seen to end; none of them reads anything, so what takes longer waits at Stripe.
_RUN_S = 15 * 60.0
#: For the event of a run that has ended.
EVENTS_S = 30.0
_PAUSES_S = (0.3, 0.5, 1.0, 2.0, 3.0, 5.0)


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


class Asker:
    """Stripe and its host of results, for one recording. What meets all questions alike goes into `seen`."""

    def __init__(
        self,
        client: QueryRunClient,
        slot: HeldSlot,
        host: ResultHost,
        aim: RecordingAim,
        seen: Observations,
        pause: Callable[[float], None],
    ) -> None:
        self._client, self._slot, self._host, self._aim = client, slot, host, aim
        self._seen, self._pause = seen, pause
        self._name = f"fb-record-{secrets.token_hex(12)}"

    def look(self, path: str, api: Api, *, context: str | None = None) -> Reply:
        """Asks what creates nothing. Raises `RecordingStopped` where Stripe gives no answer to it now."""
        self._slot.before_look()
        headers = None if context is None else {"Stripe-Context": context}
        reply = self._client.exchange("GET", path, account=self._aim.account, api=api, headers=headers)
        self._stop_if_held_back(seen_reply(reply), "looks")
        return reply

    def absent(self, api: Api, *, context: str | None = None) -> SeenReply:
        """Looks at a run that there is not."""
        path = f"{DIALECTS[api].create_path}/{DIALECTS[api].id_prefix}{ABSENT}"
        return seen_reply(self.look(path, api, context=context))

    def run(
        self, what: str, sql: str, *, api: Api | None = None, compress: bool = False, key: str | None = None
    ) -> tuple[SeenRun, QueryRun | None]:
        """Creates a run, and waits for its end; what it showed then is None where there is no run."""
        api = api or self._seen.api
        reply = self._create(sql, api, compress=compress, key=key or f"{self._name}-{what}")
        run = SeenRun(what=what, api=api, create=seen_reply(reply))
        if not reply.is_success:
            if reply.status == 429:
                self._seen.runs.append(run)
            self._stop_if_held_back(run.create, "creates")
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

    def with_file(self, run: SeenRun, shown: QueryRun | None, *, parts: bool = False) -> tuple[SeenRun, bytes]:
        """Fetches the result of a run, if it has one, and parts of it as well; the body is empty where none came."""
        if shown is None or not shown.succeeded or shown.result is None:
            return run, b""
        body = b""
        try:
            fetched = self._host.whole(shown.result.url)
            run, body = replace(run, file=fetched.file), fetched.body
            if parts and not fetched.file.is_encoded:
                run = replace(run, file=self._host.parts(shown.result.url, fetched))
        except NotFetched as error:
            run = replace(run, file_trouble=str(error))
        except (httpx.RequestError, LandingError) as error:
            # Its own text may hold more of the URL than may leave.
            run = replace(run, file_trouble=type(error).__name__)
        return run, body

    def _stop_if_held_back(self, reply: SeenReply, what: str) -> None:
        if reply.status == 429:
            self._seen.refused_by_limit = reply
            raise RecordingStopped(f"Stripe holds {what} back now ({reply})")
        if reply.status >= 500:
            raise RecordingStopped(f"Stripe falters ({reply})")

    def _create(self, sql: str, api: Api, *, compress: bool, key: str) -> Reply:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        body = self._client.create_body(sql=sql, compress=compress, api=api)
        cause, was_sent = "", False
        # Again only where keys are known to be honoured: else it may be one run more beside one that is alive.
        for _ in range(2 if self._seen.replayed_same else 1):
            self._slot.before_create()
            try:
                reply = self._client.exchange(
                    "POST", DIALECTS[api].create_path, account=self._aim.account, api=api, headers=headers, body=body
                )
            except ProviderError as error:
                cause, was_sent = error.cause, was_sent or not error.unsent
                self._slot.may_be_alive = was_sent
                continue
            if reply.is_success:
                return reply
            cause = str(seen_reply(reply))
            if 400 <= reply.status < 500 and not was_sent:
                self._slot.may_be_alive = False
                return reply
            was_sent = True
        if not was_sent:
            raise RecordingStopped(f"a create was not sent: {cause}")
        raise RecordingStopped(f"Stripe did not answer a create ({cause}), so whether its run is alive is not known")

    def _ended(self, created: QueryRun) -> tuple[QueryRun, float]:
        shown, waited_s, pauses, cause = created, 0.0, list(_PAUSES_S), ""
        # A result comes with a URL; one that a create's answer had may be old.
        while not shown.ended or shown is created:
            if waited_s > self._aim.run_s:
                last = f"; the last look at it: {cause}" if cause else ""
                raise RecordingStopped(f"a run was not seen to end within {self._aim.run_s / 60:.0f} minutes{last}")
            pause_s = pauses.pop(0) if len(pauses) > 1 else pauses[0]
            self._pause(pause_s)
            waited_s += pause_s
            self._slot.before_look()
            try:
                shown, cause = self._client.retrieve(created.id, account=self._aim.account), ""
            except ProviderError as error:
                cause = error.cause
        return shown, waited_s


def seen_reply(reply: Reply) -> SeenReply:
    """Keeps of an answer what may leave."""
    error = as_object(json_object(reply.body).get("error"))
    return SeenReply(status=reply.status, code=name(error.get("code")) or None, headers=telling(reply.headers))
