"""Makes the calls to Stripe, and turns every way they can end into what was asked for or a QueryRunError.

Called by the steps `submit` and `poll`, by the sweep of the events list, by `doctor`, and for the list of tables. Does
nothing twice by itself: when to ask again is the queue's decision, which alone knows the budgets, so there are no
retries here and no redirects are followed (the key would go wherever they point).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from forebay.config.connections import Connection
from forebay.config.release_number import __version__
from forebay.config.stripe import Api
from forebay.queryrun.bounded_http import BoundedHttp, Reply, ReplyBounds
from forebay.queryrun.classify import classify, request_id_of
from forebay.queryrun.dialects import DIALECTS, api_of
from forebay.queryrun.errors import NotFoundError, ProviderError
from forebay.queryrun.lists.destinations_page import DestinationsPage, read_destinations_page
from forebay.queryrun.lists.events_page import EventsPage, read_events_page
from forebay.queryrun.lists.schemas_page import SchemasPage, read_schemas_page
from forebay.queryrun.models import QueryRun, sql_sha256

#: Stripe answers these calls at once, whatever the query costs, so 30 s without a byte means a lost reply. A pool that
#: stays full for 5 s means more threads than connections: our fault, found quickly.
TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=5.0)

#: All of a call ends well within the custody of the step that makes it (60 s), however slowly the peer drips. A reply
#: echoes the SQL: 1 MB by default, six times that where each character is escaped, and twice that to spare.
BOUNDS = ReplyBounds(whole_s=45.0, most_bytes=16 << 20)

#: All tables with their columns and descriptions are some 3 MB.
SCHEMAS_BOUNDS = ReplyBounds(whole_s=45.0, most_bytes=32 << 20)

#: One connection for each thread of a worker with `--concurrency 64`, kept open: a TLS handshake costs two round trips.
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=60.0)


#: No byte of the request has left when one of these is raised: there was no connection that it could have gone through.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

_ABSENT = "forebay_doctor_asks_for_nothing"


def _sign(request: httpx.Request, connection: Connection, account: str | None) -> None:
    """Puts the key into a request as it leaves: resolved then, and held by no variable that a traceback shows."""
    request.headers["Authorization"] = f"Bearer {connection.key(account).get_secret_value()}"


class QueryRunClient:
    """Stripe through one connection. Safe to share between threads; close it, or use it as a context manager.

    Every call raises QueryRunError (see `queryrun/errors.py` for what each type asks of the caller), or ConfigError
    if the connection's key cannot be resolved or `account` is no account. `account` becomes `Stripe-Context`, or
    chooses the key where each account has its own. `api` is the generation that a create speaks, the connection's own
    by default; a retrieve speaks that of the QueryRun, which its id tells, and `api` only where the id tells none.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        bounds: ReplyBounds = BOUNDS,
    ) -> None:
        _silence_request_log()
        self.connection = connection
        self._bounds = bounds
        self._http = BoundedHttp(
            base_url=connection.api_base,
            headers={"User-Agent": f"forebay/{__version__}"},
            timeout=timeout,
            limits=LIMITS,
            proxy=proxy,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"QueryRunClient({self.connection.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives connections back."""
        self._http.close()

    def create_body(self, *, sql: str, compress: bool, api: Api | None = None) -> bytes:
        """Writes the exact request that `create` would send: what its idempotency key must be made from."""
        return DIALECTS[api or self.connection.api].body(sql=sql, compress=compress)

    def create(self, *, sql: str, compress: bool, key: str, account: str | None, api: Api | None = None) -> QueryRun:
        """Starts the query under the idempotency key `key`, or finds the QueryRun that this key started before."""
        api = api or self.connection.api
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        body = self.create_body(sql=sql, compress=compress, api=api)
        created = self._query_run("POST", DIALECTS[api].create_path, account, api, headers, body)
        if created.sql_sha256 not in (None, sql_sha256(sql)):
            raise _other(created, "with a QueryRun of another query")
        return created

    def retrieve(self, query_run_id: str, *, account: str | None, api: Api | None = None) -> QueryRun:
        """Asks how the QueryRun stands now; with a fresh result URL if it has succeeded. NotFoundError if unknown."""
        api = self._api_of(query_run_id, api)
        path = f"{DIALECTS[api].create_path}/{quote(query_run_id, safe='')}"
        observed = self._query_run("GET", path, account, api)
        if observed.id != query_run_id:
            raise _other(observed, f"for {query_run_id} with another QueryRun, {observed.id}")
        return observed

    def events(self, path: str, *, account: str | None) -> EventsPage:
        """Asks for a page of the list of events, by the path of `events_path` or of the page before."""
        reply = self._ask("GET", path, account, self.connection.api)
        request_id = request_id_of(reply.headers)
        return read_events_page(reply.body, api_base=self.connection.api_base, request_id=request_id)

    def destinations(self, path: str, *, account: str | None) -> DestinationsPage:
        """Asks for a page of the list of event destinations, by its path or by that of the page before."""
        reply = self._ask("GET", path, account, self.connection.api)
        request_id = request_id_of(reply.headers)
        return read_destinations_page(reply.body, api_base=self.connection.api_base, request_id=request_id)

    def schemas(self, path: str, *, account: str | None) -> SchemasPage:
        """Asks for a page of the list of tables, by the path of `schemas_path` or of the page before."""
        reply = self._ask("GET", path, account, Api.DATA, bounds=SCHEMAS_BOUNDS)
        request_id = request_id_of(reply.headers)
        return read_schemas_page(reply.body, api_base=self.connection.api_base, request_id=request_id)

    def version_for(self, query_run_id: str, *, api: Api | None = None) -> str:
        """Says which version of the API is spoken about a QueryRun."""
        return self.connection.version_of(self._api_of(query_run_id, api))

    def probe(self, *, account: str | None = None) -> None:
        """Proves that key, permission to read and API version are good; raises what is wrong. Costs no slot."""
        try:
            self.retrieve(DIALECTS[self.connection.api].id_prefix + _ABSENT, account=account)
        except NotFoundError as exc:
            # "No such run" has a code. A 404 without one comes from something that isn't this API.
            if exc.code is None:
                raise

    def probe_create(self, *, account: str | None, context: str | None = None) -> None:
        """Asks for a create that nobody can carry out, and raises the refusal, which tells whether the key may create.

        It has no SQL. Nothing else is certain to start no run: SQL that is invalid may be found so after the run was
        created (the successor's runs fail with `query_run_invalid_sql`), and a body that is no JSON is refused before
        anybody asks whose it is. `context` stands in for the Stripe-Context of `account`.
        """
        api = self.connection.api
        headers = {"Content-Type": "application/json", **({} if context is None else {"Stripe-Context": context})}
        reply = self._ask("POST", DIALECTS[api].create_path, account, api, headers, b"{}")
        raise ProviderError(
            "Stripe answered a create without SQL as if it had carried it out",
            status=reply.status,
            request_id=request_id_of(reply.headers),
        )

    def exchange(
        self,
        method: str,
        path: str,
        *,
        account: str | None,
        api: Api,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        bounds: ReplyBounds | None = None,
    ) -> Reply:
        """Sends a request as all others are sent, and gives the answer as it is, whatever it says.

        `headers` go before ours; one that is empty is left out. Raises ProviderError where there was no answer.
        """
        context = self.connection.context(account)
        sent = {
            "Stripe-Version": self.connection.version_of(api),
            **({} if context is None else {"Stripe-Context": context}),
            **(headers or {}),
        }
        try:
            own = {name: value for name, value in sent.items() if value}
            request = self._http.request(method, path, headers=own, content=body)
            # Of the request and not of the client, which threads share: two of them may ask about two accounts at once.
            _sign(request, self.connection, account)
            return self._http.ask(request, bounds or self._bounds)
        except httpx.RequestError as exc:
            # Not `from exc`: the frames below hold the bytes that were sent, the key among them, and an error reporter
            # that records locals would send them on.
            raise _unanswered(exc) from None

    def _api_of(self, query_run_id: str, asked_by: Api | None) -> Api:
        return api_of(query_run_id) or asked_by or self.connection.api

    def _query_run(
        self,
        method: str,
        path: str,
        account: str | None,
        api: Api,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> QueryRun:
        reply = self._ask(method, path, account, api, headers, body)
        return DIALECTS[api].parse(reply.body, request_id=request_id_of(reply.headers))

    def _ask(
        self,
        method: str,
        path: str,
        account: str | None,
        api: Api,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        *,
        bounds: ReplyBounds | None = None,
    ) -> Reply:
        reply = self.exchange(method, path, account=account, api=api, headers=headers, body=body, bounds=bounds)
        if not reply.is_success:
            raise classify(reply.status, reply.headers, reply.body)
        return reply


def _other(got: QueryRun, what: str) -> ProviderError:
    """Makes the error for an answer that is to somebody else's question: believed, its rows would land as ours."""
    return ProviderError(f"Stripe answered {what}", status=200, request_id=got.request_id)


def _unanswered(exc: httpx.RequestError) -> ProviderError:
    # The operating system's words (refused, reset, no such host, a bad certificate). Other texts may quote the request.
    detail = f": {exc}" if isinstance(exc, httpx.NetworkError) and str(exc) else ""
    unsent = isinstance(exc, _UNSENT)
    ending = "; nothing was sent" if unsent else ""
    return ProviderError(f"no answer from Stripe, {_words(type(exc).__name__)}{detail}{ending}", unsent=unsent)


def _words(class_name: str) -> str:
    """Spells a class's name as words: ReadTimeout → read timeout."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", class_name).lower()


def _silence_request_log() -> None:
    """Silences the log of each reply's headers: noise, and secrets in downloads."""
    logging.getLogger("httpcore").setLevel(logging.WARNING)
