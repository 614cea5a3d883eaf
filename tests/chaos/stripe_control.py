"""Steers the sandbox: faults that last as long as a block, and its books, which are the judge's."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

#: Pages of the list of runs.
PAGE = 1000


class StripeControl:
    """The sandbox's own pages. Thread safe."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=60)
        self._faults: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.struck: Counter[str] = Counter()

    @contextmanager
    def breaking(self, *faults: dict[str, Any]) -> Iterator[None]:
        """Sets faults for as long as the block lasts."""
        with self._lock:
            self._faults += faults
            self._apply()
        try:
            yield
        finally:
            with self._lock:
                self._faults = [fault for fault in self._faults if all(fault is not each for each in faults)]
                self._apply()

    @contextmanager
    def set(self, **settings: Any) -> Iterator[None]:
        """Changes settings for as long as the block lasts."""
        before = self._http.get("/sandbox/control").json()
        self._post(settings)
        try:
            yield
        finally:
            self._post({name: before[name] for name in settings})

    def send_webhooks(self, url: str, *secrets: str) -> None:
        """Has events sent to `url` from now on."""
        self._post({"webhook": url, "webhook_secrets": secrets})

    def sign_with(self, *secrets: str) -> None:
        """Has webhooks signed with other secrets from now on."""
        self._post({"webhook_secrets": secrets})

    def counts(self) -> Any:
        """Reads what the sandbox counted."""
        return self._http.get("/sandbox/counts").json()

    def runs(self) -> Iterator[dict[str, Any]]:
        """Yields every run that the sandbox had."""
        start: int | None = 0
        while start is not None:
            page = self._http.get("/sandbox/runs", params={"start": start, "limit": PAGE}).json()
            yield from page["data"]
            start = page["next_start"]

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def _apply(self) -> None:
        # Setting faults begins them anew, so what they have struck so far is noted first.
        self.struck.update(self.counts()["faults_struck"])
        self._post({"faults": self._faults})

    def _post(self, changes: dict[str, Any]) -> None:
        self._http.post("/sandbox/control", json=changes).raise_for_status()
