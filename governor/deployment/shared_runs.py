"""Keeps which run answers a query of a lane: later ones of the same SQL and account share its QueryRun, for a while.

Asked when a batch is accepted (`scheduler/batches/sharing.py`); a run that came to nothing at Stripe is released by
whoever settles it (`worker/steps/turn.py`): a failure is no result, and the next to ask gets a run of its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from forebay.config.stripe import Api
from forebay.governor.keys import LaneKeys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts

#: Sharing past this would count on idempotency keys and results that are near the end of their time. A run is known so
#: long whatever its own definition says: how old is too old is for the one to say who shares.
MOST_AGE = timedelta(days=7)

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class LaneQuery:
    """A query as it was accepted on a lane."""

    lane: str
    account: str | None
    sql: str
    api: Api = Api.REPORTING
    """By which it is asked."""
    data_state: str | None = None
    """Which data it sees; None where that does not count."""

    @property
    def key(self) -> str:
        return LaneKeys(self.lane).share(self.digest)

    @property
    def digest(self) -> str:
        """Hashes what makes queries of a lane equal; results are always asked for compressed.

        Each generation of the API makes QueryRuns of its own, so it is in it, but for the one that was there before.
        """
        digest = hashlib.sha256()
        api = () if self.api is Api.REPORTING else (self.api,)
        data = () if self.data_state is None else (self.data_state,)
        for part in (self.account or "", self.sql, *api, *data):
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8, "big"))
            digest.update(encoded)
        return digest.hexdigest()[:40]


class SharedRuns:
    """The shared runs of all lanes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._scripts = Scripts(client)

    @translated()
    def share(
        self, asking: Sequence[tuple[LaneQuery, str]], max_age: timedelta, *, fresh: bool = False
    ) -> list[str | None]:
        """Tells for each query, and the run that asks, which run it shares; None if it is shared itself from now on.

        `fresh`: none from before is shared. One round trip.
        """
        how = (min(max_age, MOST_AGE) // _MS, fresh, MOST_AGE // _MS)
        lanes: dict[str, list[int]] = {}
        for position, (query, _) in enumerate(asking):
            lanes.setdefault(query.lane, []).append(position)
        with self._client.pipeline(transaction=False) as pipeline:
            for positions in lanes.values():
                keys = [asking[position][0].key for position in positions]
                runs = (asking[position][1] for position in positions)
                self._scripts.queue(pipeline, "standalone/share_runs", keys, (*how, *runs))
            replies = pipeline.execute()
        shared: list[str | None] = [None] * len(asking)
        for positions, runs in zip(lanes.values(), replies, strict=True):
            for position, run in zip(positions, runs, strict=True):
                shared[position] = None if run == asking[position][1] else run
        return shared

    @translated()
    def would_share(self, queries: Sequence[LaneQuery], max_age: timedelta) -> list[bool]:
        """Tells of each query whether it would share a run if it were accepted now. Changes nothing."""
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for query in queries:
                pipeline.get(query.key)
            (seconds, micros), *runs = pipeline.execute()
        now_ms = seconds * 1000 + micros / 1000
        oldest_ms, newest_ms = now_ms - max_age / _MS, now_ms + 1000  # as in `share_runs.lua`
        return [bool(run) and oldest_ms < int(run.partition(" ")[0]) < newest_ms for run in runs]

    def release(self, query: LaneQuery, run: str) -> None:
        """Ends the sharing of a run, if it is this one that is shared until now."""
        self._scripts.run("standalone/release_share", [query.key], [run])
