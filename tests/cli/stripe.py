"""A Stripe in a few lines for tests of commands: it knows no run, starts every query, and ends none.

The sandbox does the whole job; here a run that stays alive is what the tests need, and a start in no time.
"""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.servers.http_server import Handler, served

#: A key that this Stripe refuses.
BAD_KEY = "rk_test_refused"


@dataclass
class EndlessStripe:
    """What it was asked."""

    url: str = ""
    created: list[str] = field(default_factory=list)
    faults: int = 0
    """How many of the next probes are answered with 500."""
    events: tuple[int, dict[str, object]] = (200, {"data": [], "next_page_url": None})
    """What the list of events is answered with."""
    schemas: tuple[int, dict[str, object]] = (404, {"error": {"message": "Unrecognized request URL"}})
    """What the list of tables is answered with."""
    not_enabled: str = ""
    """Below which path nothing is enabled for the key, if anywhere."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, method: str, path: str, key: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
        """Status and body."""
        if BAD_KEY in key:
            return 401, {"error": {"message": "Invalid API Key provided", "code": "api_key_invalid"}}
        if method == "POST" and b'"sql"' not in body:
            return 400, {"error": {"message": "sql is required", "code": "invalid_fields"}}
        if self.not_enabled and path.startswith(self.not_enabled):
            message = "This preview was not joined."
            return 403, {"error": {"message": message, "code": "query_run_api_inaccessible"}}
        if method == "POST":
            self.created.append(path)
            return 200, {"id": f"qryrun_{next(self._numbers)}", "status": "running"}
        if path.startswith("/v2/core/events"):
            return self.events
        if path.startswith("/v2/data/schemas"):
            return self.schemas
        run = path.rsplit("/", 1)[-1]
        if "_forebay" in run and self.faults:
            self.faults -= 1
            return 500, {"error": {"message": "Try later"}}
        if "_forebay" in run:
            return 404, {"error": {"message": "No such query run", "code": "resource_missing"}}
        return 200, {"id": run, "status": "running"}


@contextlib.contextmanager
def endless_stripe() -> Iterator[EndlessStripe]:
    """Serves on a free loopback port."""
    stripe = EndlessStripe()

    class Endless(Handler):
        def _reply(self) -> None:
            key, body = self.headers.get("Authorization", ""), self.sent()
            status, said = stripe.answer(self.command, self.path, key, body)
            self.answer_json(said, status)

        do_GET = do_POST = _reply

    with served(Endless) as stripe.url:
        yield stripe
