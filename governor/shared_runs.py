"""Which run leads a query of a lane: later runs of the same SQL and account share its QueryRun while it is young.

Taken when a batch is accepted (`scheduler/batches/sharing.py`), given up by whoever settles a run that came to nothing
at Stripe (`worker/steps/turn.py`): a failure is no result, and the next to ask gets a run of its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis

from forebay.governor.keys import LaneKeys
from forebay.governor.scripts import translated

#: Sharing past this would count on idempotency keys and results that are near the end of their time. A lead is kept so
#: long whatever its own definition says: how old is too old is for the one to say who shares.
MOST_AGE = timedelta(days=7)
_MOST_AGE_MS = MOST_AGE // timedelta(milliseconds=1)

# "Take the lead, or say who has it" as one step, so two batches at once cannot both lead. Sharing makes no run younger.
# KEYS the leads of one lane; ARGV: the most age (ms), 1 to share with nobody, how long a lead is kept (ms), then the
# run that would lead each. Returns who leads each; O(keys).
_TAKE = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local leads = {}
for number, key in ipairs(KEYS) do
  local run = ARGV[3 + number]
  local accepted_ms, lead = string.match(redis.call('GET', key) or '', '^(%d+) (.+)$')
  local young = lead and ARGV[2] ~= '1' and now_ms - accepted_ms < tonumber(ARGV[1])
  if not young and lead ~= run then
    redis.call('SET', key, string.format('%.0f %s', now_ms, run), 'PX', ARGV[3])
    lead = run
  end
  leads[number] = lead
end
return leads
"""

# Only its own: somebody may lead since.
_LEAVE = """
if string.match(redis.call('GET', KEYS[1]) or '', '^%d+ (.+)$') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A query of a lane, as it was accepted."""

    lane: str
    account: str | None
    sql: str

    @property
    def key(self) -> str:
        return LaneKeys(self.lane).share(self.digest)

    @property
    def digest(self) -> str:
        """Equal for equal queries of a lane; results are always asked for compressed."""
        digest = hashlib.sha256()
        for part in (self.account or "", self.sql):
            said = part.encode()
            digest.update(len(said).to_bytes(8, "big"))
            digest.update(said)
        return digest.hexdigest()[:40]


class Leads:
    """The leads of all lanes. Thread safe."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client
        self._take: Any = client.register_script(_TAKE)

    def take(
        self, asked: Sequence[tuple[Question, str]], max_age: timedelta, *, fresh: bool = False
    ) -> list[str | None]:
        """For each query and the run that would lead it: who leads instead; None where the run itself does.

        `fresh` takes every lead. One round trip. Raises `GovernorError`.
        """
        how = [min(max_age, MOST_AGE) // timedelta(milliseconds=1), int(fresh), _MOST_AGE_MS]
        lanes: dict[str, list[int]] = {}
        for position, (question, _) in enumerate(asked):
            lanes.setdefault(question.lane, []).append(position)
        found: list[str | None] = [None] * len(asked)
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for positions in lanes.values():
                    runs = [asked[position][1] for position in positions]
                    self._take(keys=[asked[at][0].key for at in positions], args=[*how, *runs], client=pipe)
                answers = pipe.execute()
        except redis.RedisError as error:
            raise translated(error) from error
        for positions, leads in zip(lanes.values(), answers, strict=True):
            for position, lead in zip(positions, leads, strict=True):
                found[position] = None if lead == asked[position][1] else lead
        return found

    def led(self, asked: Sequence[Question], max_age: timedelta) -> list[bool]:
        """Whether each would share a run if it were accepted now. Changes nothing. Raises `GovernorError`."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.time()
                for question in asked:
                    pipe.get(question.key)
                (seconds, micros), *leads = pipe.execute()
        except redis.RedisError as error:
            raise translated(error) from error
        oldest_ms = seconds * 1000 + micros / 1000 - max_age / timedelta(milliseconds=1)
        return [bool(lead) and int(lead.partition(" ")[0]) > oldest_ms for lead in leads]

    def leave(self, question: Question, run: str) -> None:
        """Whoever asks next leads, if it was this run until now. Raises `GovernorError`."""
        try:
            self._client.eval(_LEAVE, 1, question.key, run)
        except redis.RedisError as error:
            raise translated(error) from error
