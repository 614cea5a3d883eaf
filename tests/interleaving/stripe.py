"""A Stripe for the explorer, and its judge: it counts what is alive, and knows which second execution has a reason.

It refuses no create because of our own runs: that would hide an overshoot. When its cap is full, others fill it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from tests.interleaving.baton import Actor, Baton

#: What the steps treat alike need not come up twice.
REFUSALS = {
    "rate": (429, {}, {"Stripe-Rate-Limited-Reason": "endpoint-rate"}),
    "key": (401, {}, {}),
    "fault": (500, {}, {}),
}
FULL = (429, {"code": "query_run_rate_limit_exceeded"}, {})
FILES = "https://files.stripe.com"


@dataclass(slots=True)
class QueryRun:
    """One execution at Stripe."""

    id: str
    sql: str
    body: bytes
    status: str = "running"
    code: str | None = None


def csv_of(sql: str) -> bytes:
    """The result of a query: some are landed at once, others by a download."""
    number = int(sql.split()[-1])
    return b"id,sql\n" + b"".join(b"%d,%s\n" % (row, sql.encode()) for row in range(number * 4 + 1))


class FakeStripe:
    """Creates and retrieves for every actor; ends runs when the scheduler says so."""

    def __init__(self, baton: Baton) -> None:
        self._baton = baton
        self.by_key: dict[str, QueryRun] = {}
        self.filled_by_others = False
        self.complaints: list[str] = []

    @property
    def runs(self) -> list[QueryRun]:
        return list(self.by_key.values())

    @property
    def alive(self) -> list[QueryRun]:
        return [run for run in self.runs if run.status == "running"]

    def end_one(self) -> None:
        """One of the runs alive ends."""
        run = self._baton.dice.choice(self.alive)
        if self._baton.trouble(odds=5):
            run.status = "failed"
            run.code = self._baton.dice.choice(("internal_error", "query_run_invalid_sql"))
        else:
            run.status = "succeeded"
        self._baton.note(f"Stripe: {run.id} ({run.sql}) {run.status}")

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self._baton.trouble(odds=2):
            return self._refusal(*self._baton.dice.choice(list(REFUSALS.values())))
        if request.method == "POST":
            return self._create(request.headers["Idempotency-Key"], request.read())
        wanted = request.url.path.rpartition("/")[2]
        return self._show(next(run for run in self.runs if run.id == wanted))

    def file(self, request: httpx.Request, actor: Actor) -> httpx.Response:
        """A result, in pieces between which others get their turn."""
        if self._baton.trouble(odds=2):
            return httpx.Response(403)  # the URL has expired
        wanted = urlsplit(str(request.url)).path.strip("/")
        data = csv_of(next(run.sql for run in self.runs if run.id == wanted))
        return httpx.Response(200, stream=_Pieces(data, actor))

    def _create(self, key: str, body: bytes) -> httpx.Response:
        known = self.by_key.get(key)
        if known and known.body != body:
            self.complaints.append("an idempotency key came with another body")
        if not known and self.filled_by_others:
            return self._refusal(*FULL)
        if not known:
            sql = json.loads(body)["sql"]
            for earlier in self.runs:
                if earlier.sql == sql and earlier.status != "failed":
                    self.complaints.append(f"{sql!r} is executed again although {earlier.id} is {earlier.status}")
            known = self.by_key[key] = QueryRun(f"qryrun_{len(self.by_key)}", sql, body)
        return self._show(known)

    def _show(self, run: QueryRun) -> httpx.Response:
        shown = {"id": run.id, "livemode": False, "status": run.status, "created": "2026-11-22T00:00:00.000Z"}
        if run.status == "succeeded":
            url = {"url": f"{FILES}/{run.id}", "expires_at": "2026-11-22T00:05:00Z"}
            size = str(len(csv_of(run.sql)))
            shown["result"] = {"file": {"content_type": "csv", "download_url": url, "size": size}}
        if run.code:
            shown["status_details"] = {"failed": {"error_code": run.code, "error_message": "It broke."}}
        return httpx.Response(200, json=shown, headers={"Request-Id": "req_1"})

    def _refusal(self, status: int, error: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        self._baton.note(f"Stripe: {status} {error} {headers}")
        return httpx.Response(status, json={"error": {"message": "No.", **error}}, headers=headers)


class _Pieces(httpx.SyncByteStream):
    def __init__(self, data: bytes, actor: Actor) -> None:
        self._data, self._actor = data, actor

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._data), 200):
            piece = self._data[start : start + 200]
            yield self._actor.io("a piece of a result", lambda piece=piece: piece, lambda: httpx.ReadError("broken"))
