"""A bare client for the sandbox's tests: it knows URLs and headers, and interprets nothing."""

import time
from collections.abc import Callable
from typing import Any

import httpx

RUNS = "/v2/data/reporting/query_runs"
EVENTS = "/v2/core/events"
SCHEMAS = "/v2/data/schemas"
VERSION = "2026-04-22.preview"
DATA_VERSION = "2026-10-28.preview"
ACCOUNT = "acct_sandbox0001"
TEST_KEY = "sk_test_driver"
LIVE_KEY = "sk_live_driver"
ORGANIZATION_KEY = "sk_org_test_driver"


class Api:
    """Speaks the reporting dialect."""

    runs = RUNS
    version = VERSION

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=20)

    def headers(self, key: str = TEST_KEY, **more: str) -> dict[str, str]:
        extra = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {key}", "Stripe-Version": self.version, **extra}

    def create(self, sql: str = "SELECT 1", *, compress: bool = False, **headers: str) -> httpx.Response:
        body = self.body(sql)
        if compress:
            body["result_options"] = {"compress_file": True}
        return self.http.post(self.runs, json=body, headers=self.headers(**headers))

    def body(self, sql: str) -> dict[str, Any]:
        return {"sql": sql}

    def retrieve(self, run_id: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{self.runs}/{run_id}", headers=self.headers(**headers))

    def run(self, sql: str = "SELECT 1", *, compress: bool = False, **headers: str) -> dict[str, Any]:
        """Creates a run and waits for its end."""
        answer = self.create(sql, compress=compress, **headers)
        assert answer.status_code == 200, answer.text
        return self.ended(answer.json()["id"], **headers)

    def ended(self, run_id: str, **headers: str) -> dict[str, Any]:
        def shown() -> dict[str, Any] | None:
            answer = self.retrieve(run_id, **{name: headers[name] for name in headers if name != "Idempotency_Key"})
            assert answer.status_code == 200, answer.text
            run: dict[str, Any] = answer.json()
            return run if run["status"] != "running" else None

        return eventually(shown)

    def csv(self, sql: str, **headers: str) -> str:
        return self.delivered(self.run(sql, **headers)).decode()

    def delivered(self, run: dict[str, Any]) -> bytes:
        return httpx.get(url_of(run)).raise_for_status().content

    def events(self, key: str = TEST_KEY, *, context: str = "", **params: Any) -> httpx.Response:
        """Lists events. What is named by brackets comes as `{"created[gte]": …}`."""
        return self.http.get(EVENTS, params=params, headers=self.headers(key, Stripe_Context=context))

    def event_list(self, **how: Any) -> list[dict[str, Any]]:
        """Lists the events of one page."""
        answer = self.events(**how)
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    def schemas(self, at: str = SCHEMAS, key: str = TEST_KEY, *, version: str = DATA_VERSION, **params: Any) -> Any:
        """Asks for the list of tables, or for what a path leads to. What is named by brackets comes as for events."""
        headers = self.headers(key) | {"Stripe-Version": version}
        return self.http.get(at, params=params or None, headers=headers)

    def make_event(self, of_type: str = "v2.a.b", **more: Any) -> list[str]:
        """Makes events by hand; gives their ids."""
        answer = self.http.post("/sandbox/events", json={"type": of_type, **more})
        assert answer.status_code == 200, answer.text
        ids: list[str] = answer.json()["ids"]
        return ids

    def control(self, **changes: Any) -> dict[str, Any]:
        answer = self.http.post("/sandbox/control", json=changes)
        assert answer.status_code == 200, answer.text
        settings: dict[str, Any] = answer.json()
        return settings

    def fault(self, name: str, **trigger: Any) -> None:
        self.control(faults=[{"name": name, **trigger}])

    def counts(self) -> Any:
        return self.http.get("/sandbox/counts").json()


class DataApi(Api):
    """Speaks the data dialect."""

    runs = "/v2/data/query_runs"
    version = "2026-10-28.preview"

    def body(self, sql: str) -> dict[str, Any]:
        return {"dataset": "analytical", "format": "csv", "query": {"sql": sql}}


def url_of(run: dict[str, Any]) -> str:
    url: str = run["result"]["file"]["download_url"]["url"]
    return url


def error_of(answer: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


def eventually(ask: Callable[[], Any], *, within_s: float = 60) -> Any:
    """Gives what `ask` returns once it returns something; asks again at once, since each time is a request."""
    deadline = time.monotonic() + within_s
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"nothing within {within_s} s"
    return answer
