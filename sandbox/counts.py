"""Counts what the sandbox saw of its clients: requests, refusals and downloads, for GET /sandbox/counts."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class PeakRate:
    """The most requests in any window of one second."""

    peak_per_s: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def note(self, now_s: float) -> None:
        """Counts a request."""
        self._recent.append(now_s)
        while self._recent[0] <= now_s - 1:
            self._recent.popleft()
        self.peak_per_s = max(self.peak_per_s, len(self._recent))


@dataclass(slots=True)
class Counts:
    """All counts since the start or the last reset."""

    clock: Callable[[], float] = time.monotonic
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    """Operation → status, or `cut` → how many."""
    peaks: dict[str, PeakRate] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    """429s by reason."""
    downloads_started: int = 0
    downloads_finished: int = 0
    bytes_served: int = 0
    downloads_with_api_key: int = 0
    """A client that sends its key to the file host leaks it."""

    def arrived(self, operation: str) -> None:
        """Counts a request of `operation`."""
        for name in (operation, "all"):
            self.peaks.setdefault(name, PeakRate()).note(self.clock())

    def answered(self, operation: str, status: int | str) -> None:
        """Counts an answer by its status, or as `cut`."""
        self.requests.setdefault(operation, Counter())[str(status)] += 1

    def summary(self) -> dict[str, object]:
        """Gives the counts as GET /sandbox/counts shows them."""
        return {
            "requests": {operation: dict(statuses) for operation, statuses in self.requests.items()},
            "peak_requests_per_s": {operation: peak.peak_per_s for operation, peak in self.peaks.items()},
            "refused_429": dict(self.refusals),
            "downloads_started": self.downloads_started,
            "downloads_finished": self.downloads_finished,
            "bytes_served": self.bytes_served,
            "downloads_with_api_key": self.downloads_with_api_key,
        }
