"""Answers as Stripe does where the cost of its clients is measured: no SQL is run, and little CPU goes into an answer.

Create, retrieve and a result's file are answered as the sandbox does; cap and limits of requests hold for each account,
the list of events is forbidden, and what happened is counted for `bench/judge.py`. How long a run lives is said in its
SQL (`bench/scenario.py`), or else by the settings. All results are the same. Served by `light_server.py`.
"""

import hashlib
import heapq
import io
import itertools
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_RUNS = "/v2/data/reporting/query_runs"
_DURATION = re.compile(r"-- sandbox: duration=([\d.]+)")
_CONTEXT = re.compile(rb"\r\nstripe-context: *([^\r]+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nidempotency-key: *([^\r]+)", re.IGNORECASE)
_CSV = b"n\n1\n"
#: Why a create is refused, and the bucket of all requests.
_FULL, _ALL = "resource-specific", "all"


def _zipped(csv: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.csv", csv)
    return body.getvalue()


_ZIP = _zipped(_CSV)


@dataclass(frozen=True, slots=True, kw_only=True)
class LightSettings:
    """How it behaves. Rates are requests a second of an account; 0: no limit."""

    cap: int
    endpoint_rate_per_s: float
    global_rate_per_s: float
    duration_s: float
    """Of runs whose SQL does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightAnswer:
    """What a request is answered with."""

    status: int
    body: bytes
    content_type: str = "application/json"
    reason: str = ""
    """What Stripe-Rate-Limited-Reason says."""


class _LightRefusal(Exception):
    """Raised when a request is not carried out."""

    def __init__(self, status: int, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.reason = status, code, reason


@dataclass(slots=True)
class _LightRun:
    """A QueryRun."""

    id: str
    sql: str
    compress: bool
    created_s: float
    duration_s: float

    @property
    def ended_s(self) -> float:
        return self.created_s + self.duration_s


@dataclass(slots=True)
class _Alive:
    """What is alive of one account: the ends of its runs, the first of all at the front."""

    ends: list[float] = field(default_factory=list)
    peak: int = 0

    def begin(self, run: _LightRun, cap: int) -> None:
        while self.ends and self.ends[0] <= run.created_s:
            heapq.heappop(self.ends)
        if len(self.ends) >= cap:
            raise _LightRefusal(429, "query_run_rate_limit_exceeded", _FULL)
        heapq.heappush(self.ends, run.ended_s)
        self.peak = max(self.peak, len(self.ends))


class LightStripe:
    """The runs, and what was asked. Used by one thread."""

    def __init__(self, settings: LightSettings) -> None:
        self._settings = settings
        self.base = ""
        self.forget()

    def forget(self) -> None:
        """Begins anew."""
        self._runs: dict[str, _LightRun] = {}
        self._by_key: dict[bytes, _LightRun] = {}
        self._alive: dict[bytes, _Alive] = {}
        self._requests: dict[str, Counter[str]] = {}
        self._refused: Counter[str] = Counter()
        self._buckets: dict[tuple[bytes, str], tuple[float, float]] = {}
        self._numbers = itertools.count(1)

    def answer(self, method: str, path: str, head: bytes, body: bytes) -> LightAnswer:
        """Carries a request out, or refuses it."""
        operation, carry_out = self._operation(method, path, head, body)
        try:
            answer = carry_out()
        except _LightRefusal as refusal:
            said = _json({"error": {"code": refusal.code, "message": f"Refused: {refusal.code}."}})
            answer = LightAnswer(status=refusal.status, body=said, reason=refusal.reason)
            if refusal.reason:
                self._refused["cap" if refusal.reason == _FULL else refusal.reason] += 1
        self._requests.setdefault(operation, Counter())[str(answer.status)] += 1
        return answer

    def _operation(self, method: str, path: str, head: bytes, body: bytes) -> tuple[str, Callable[[], LightAnswer]]:
        whose = found[1] if (found := _CONTEXT.search(head)) else b""
        if method == "POST" and path == _RUNS:
            return "create", lambda: self._create(whose, head, body)
        if path.startswith(f"{_RUNS}/"):
            return "retrieve", lambda: self._retrieve(whose, path.rpartition("/")[2])
        if path.startswith("/files/"):
            return "download", lambda: _file(path)
        if path.startswith("/v2/core/events"):
            return "list_events", _forbid
        return "other", lambda: self._own_page(path)

    def _create(self, whose: bytes, head: bytes, body: bytes) -> LightAnswer:
        self._spend(whose, "create")
        key = found[1] if (found := _KEY.search(head)) else b""
        run = self._by_key.get(key)
        if run is None:
            run = self._new_run(json.loads(body))
            self._alive.setdefault(whose, _Alive()).begin(run, self._settings.cap)
            self._runs[run.id] = run
            if key:
                self._by_key[key] = run
        return self._shown(run)

    def _new_run(self, asked: dict[str, Any]) -> _LightRun:
        if "sql" not in asked:
            raise _LightRefusal(400, "invalid_fields")
        said = _DURATION.search(asked["sql"])
        return _LightRun(
            id=f"qryrun_test_{next(self._numbers):08d}",
            sql=asked["sql"],
            compress=bool((asked.get("result_options") or {}).get("compress_file")),
            created_s=time.time(),
            duration_s=float(said[1]) if said else self._settings.duration_s,
        )

    def _retrieve(self, whose: bytes, run_id: str) -> LightAnswer:
        self._spend(whose, "retrieve")
        run = self._runs.get(run_id)
        if run is None:
            raise _LightRefusal(404, "not_found")
        return self._shown(run)

    def _spend(self, whose: bytes, operation: str) -> None:
        """Takes a request from the buckets, which hold a second's worth, as the sandbox's do."""
        now_s, settings = time.monotonic(), self._settings
        for name, per_s in ((operation, settings.endpoint_rate_per_s), (_ALL, settings.global_rate_per_s)):
            left, filled_s = self._buckets.get((whose, name), (per_s, now_s))
            left = min(per_s, left + (now_s - filled_s) * per_s)
            if per_s and left < 1:
                raise _LightRefusal(
                    429, "account_rate_limit_exceeded", "global-rate" if name == _ALL else "endpoint-rate"
                )
            self._buckets[whose, name] = (left - 1, now_s)

    def _shown(self, run: _LightRun) -> LightAnswer:
        succeeded = run.ended_s <= time.time()
        shown = {
            "id": run.id,
            "object": "v2.data.reporting.query_run",
            "created": _moment(run.created_s),
            "livemode": False,
            "result": self._result(run) if succeeded else None,
            "result_options": {"compress_file": run.compress},
            "sql": run.sql,
            "status": "succeeded" if succeeded else "running",
            "status_details": {},
        }
        return LightAnswer(status=200, body=_json(shown))

    def _result(self, run: _LightRun) -> dict[str, Any]:
        kind, size = ("zip", len(_ZIP)) if run.compress else ("csv", len(_CSV))
        url = {"expires_at": _moment(time.time() + 300), "url": f"{self.base}/files/{run.id}.{kind}"}
        return {"type": "file", "file": {"content_type": kind, "download_url": url, "size": str(size)}}

    def _own_page(self, path: str) -> LightAnswer:
        place, _, query = path.partition("?")
        if place == "/sandbox/counts":
            said = self._counts()
        elif place == "/sandbox/runs":
            said = self._page(**dict(pair.split("=") for pair in query.split("&") if pair))
        elif place == "/sandbox/reset":
            self.forget()
            said = {"reset": True}
        else:
            raise _LightRefusal(404, "not_found")
        return LightAnswer(status=200, body=_json(said))

    def _counts(self) -> dict[str, Any]:
        now_s = time.time()
        return {
            "scopes": {"all": {"peak_alive": max((each.peak for each in self._alive.values()), default=0)}},
            "totals": {"runs": len(self._runs), "alive": sum(run.ended_s > now_s for run in self._runs.values())},
            "requests": self._requests,
            "refused_429": self._refused,
        }

    def _page(self, start: str = "0", limit: str = "100") -> dict[str, Any]:
        first, past = int(start), int(start) + int(limit)
        runs, now_s = [*itertools.islice(self._runs.values(), first, past)], time.time()
        return {
            "data": [_described(run, now_s) for run in runs],
            "next_start": past if past < len(self._runs) else None,
        }


def _file(path: str) -> LightAnswer:
    return LightAnswer(status=200, body=_ZIP if path.endswith(".zip") else _CSV, content_type="binary/octet-stream")


def _forbid() -> LightAnswer:
    raise _LightRefusal(403, "permission_denied")


def _json(said: object) -> bytes:
    return json.dumps(said).encode()


def _described(run: _LightRun, now_s: float) -> dict[str, Any]:
    return {
        "id": run.id,
        "sql_sha256": hashlib.sha256(run.sql.encode()).hexdigest(),
        "created": datetime.fromtimestamp(run.created_s, UTC).isoformat(),
        "ended": datetime.fromtimestamp(run.ended_s, UTC).isoformat() if run.ended_s <= now_s else None,
        "duration_s": run.duration_s,
    }


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
