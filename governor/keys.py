"""Names every Redis key of Forebay once: type, members, lifetime, who writes it.

All keys of a lane share the hash tag ``{lane}``, so a script touches one Cluster slot. Scripts get the fixed
keys of their lane in KEYS, always the same ones in the same order (`LaneKeys.fixed`), and derive the keys that
belong to one flow or one run from the same prefix, which keeps them in the same slot: `lua/shared/lane.lua` spells
their names for Lua.
"""

from dataclasses import dataclass

#: Part of every script's contract with the data. Raise it when a key changes its meaning: scripts refuse a
#: layout that they do not know, so that an old worker cannot damage what a new one wrote.
LAYOUT = 2

#: SET of lane names. Written when a flow is opened; read by every pump. Lives as long as the deployment.
LANES = "fb:lanes"

#: ZSET batch id → when it was accepted (ms). Written by the scheduler (`governor/deployment/recent_batches.py`); read
#: by people.
BATCHES = "fb:batches"

#: ZSET batch id → when its closer comes again (ms). Batches with a policy, from their acceptance to their closing; a
#: retry brings one back. Written by the scheduler (`governor/deployment/closing_queue.py`); read by the closers.
CLOSING = "fb:closing"

#: HASH batch id → why its closing was put off the last time. Written by the closers, and gone once it gets on
#: (`governor/deployment/closing_queue.py`); read by people.
CLOSING_PUT_OFF = "fb:closing-put-off"

#: STRING, the id of the ledger for which this Redis works, and its URL (`governor/deployment/ledger_stamp.py`). Written
#: by the first worker or beat, and by whoever says that the ledger was moved; read by all.
LEDGER = "fb:ledger"

#: HASH digest of a key → the connection that works with it (`governor/deployment/key_owners.py`). Written before a key
#: is used; a field outlives its key. It never holds a key.
KEY_OWNERS = "fb:key-owners"

#: ZSET connection, or connection and account → up to when its data go (ms), as the newest QueryRun told. Written by who
#: sees ends (`governor/deployment/seen_data.py`); read by whoever waits for data. It grows with accounts.
DATA_SEEN = "fb:data-seen"

#: STRING, written to see whether Redis takes writes (`governor/redis_client.py`); read by nobody; expires in a second.
WRITE_PROBE = "fb:write-probe"

#: Never written: a script derives another from it, to see whether the server allows that (`governor/server_checks.py`).
DERIVING_PROBE = "fb:{probe}:deriving"

#: STRING, the lock of whoever reconciles Redis with the ledger; expires when its holder died. And STRING, set until it
#: is to be done again (`governor/deployment/reconciling_turn.py`).
RECONCILING, RECONCILED = "fb:reconciling", "fb:reconciled"

#: Not a key but a channel: a message `step delay_ms lane` wakes pumps that sleep. Published by scripts
#: (`lua/shared/bell.lua`), heard by each worker process (`governor/bell.py`). It belongs to all databases of a server.
BELL = "fb:bell"

#: Before every key that kombu makes, where messages go through the same server.
BROKER_PREFIX = "fb:broker:"


def schema_turn(connection: str) -> str:
    """STRING, the lock of whichever beat fetches the tables of a connection (`governor/deployment/schema_turn.py`);
    expires, and only then they are fetched again."""
    return f"fb:schema-turn:{connection}"


def deed_turn(deed: str) -> str:
    """STRING, the lock of whichever process carries on what somebody began by the page
    (`governor/deployment/deed_turn.py`); expires when its holder died."""
    return f"fb:deed-turn:{deed}"


def closing_lock(batch: str) -> str:
    """STRING, the lock of whoever closes this batch (`governor/deployment/closing_lock.py`); expires when its holder
    died."""
    return f"fb:closing-lock:{batch}"


def alive(node: str) -> str:
    """STRING, set for a while by a process that can really work (`governor/deployment/heartbeats.py`); read by health
    checks."""
    return f"fb:alive:{node}"


def host_report(node: str) -> str:
    """STRING, which hosts of results a worker reaches, and when it tried (`governor/deployment/host_reports.py`); read
    by `doctor`. Written when a process starts and every hour, for two hours."""
    return f"fb:hosts:{node}"


def stuck(node: str) -> str:
    """STRING, why a process that lives cannot work, said by itself for a while (`governor/deployment/heartbeats.py`);
    read by health checks."""
    return f"fb:stuck:{node}"


@dataclass(frozen=True, slots=True)
class LaneKeys:
    """The keys of one lane."""

    lane: str

    @property
    def prefix(self) -> str:
        return f"fb:{{{self.lane}}}:"

    @property
    def config(self) -> str:
        """HASH: layout, settings, the newest fence of runs without a record, gates, the limit, a pause, classes' times
        and held slots; `server`, the run_id of the server with which the lane was reconciled; `reconciled`, the fence
        since which it is; `unreconciled`, the fence since which it is not; `clock`, the time when a pump last noted it;
        `aside`, slots kept for what runs beside all flows, `aside_holder`, for whom, and `aside_until`, when they come
        back by themselves (ms); `has_feed`, that somebody tells of ends, and `knows_query_runs`, that runs are found by
        their QueryRuns since; `<step>_quiet_until`, the instant by which pumps come for it, before which none of its
        runs is to be claimed, as the last claim and the bells since have told."""
        return self.prefix + "cfg"

    @property
    def slots(self) -> str:
        """ZSET run → when its slot was granted (ms). Its size is the account: no counter beside it."""
        return self.prefix + "slots"

    def waiting(self, flow_class: str) -> str:
        """ZSET of `start tag|flow` → slots held / weight: the flows of a class that may be served next."""
        return f"{self.prefix}waiting:{flow_class}"

    @property
    def ageing(self) -> str:
        """ZSET flow → when it has waited so long for a grant that it counts as the next class up (ms)."""
        return self.prefix + "ageing"

    @property
    def budgets(self) -> str:
        """HASH operation → theoretical arrival time (ms) of its GCRA; `all` is the one for every request."""
        return self.prefix + "budgets"

    @property
    def stats(self) -> str:
        """HASH of counters since the lane was first used: granted, refused, stale, …"""
        return self.prefix + "stats"

    @property
    def totals(self) -> str:
        """HASH of what was asked and what came of runs since the lane was first used: requests by operation, runs by
        outcome and class of failure, bytes, records, durations in buckets. For metrics alone
        (`governor/lane_figures.py`); absent until a request was made."""
        return self.prefix + "totals"

    @property
    def history(self) -> str:
        """LIST of samples, newest first, an hour of them: time (ms), slots in use, limit, cap, and how often the gates
        `cap`, `create` and `retrieve` had been closed. Written by `audit` while there is work; for people alone
        (`governor/lane_history.py`). Expires an hour after the last."""
        return self.prefix + "history"

    def due(self, step: str) -> str:
        """ZSET run → when its step is due (ms); one for each of submit, poll, download. A look at an end that was told
        is put 30 s before now, so that it goes first."""
        return f"{self.prefix}due:{step}"

    @property
    def ghosts(self) -> str:
        """ZSET run → how long audits had watched the lane when they first saw its slot without a record (ms).

        Written by `audit` alone; empty in a healthy lane.
        """
        return self.prefix + "ghosts"

    @property
    def query_runs(self) -> str:
        """ZSET of `QueryRun|run`, all with score 0: each run that runs at Stripe, found by the QueryRun that an event
        names; of a lane of which events have ever told. Two runs of equal text may share one."""
        return self.prefix + "query-runs"

    @property
    def early(self) -> str:
        """ZSET QueryRun → when its end was told before any run was known by it (ms). Kept while creates are under way;
        expires two minutes after the last."""
        return self.prefix + "early"

    @property
    def unheard(self) -> str:
        """ZSET QueryRun → when a look saw its end, of which no event has told (ms). For a minute; then it is missed."""
        return self.prefix + "unheard"

    @property
    def feed(self) -> str:
        """HASH: how events told of ends (told, missed, delays, lags), and the sweep of the list of events: when it is
        due, who does it, from when on it asks, what stood in its way, how ends were known then; `several`, the most
        runs at once since one was alone, and whether one is `left` of them. Absent where nothing is ever told."""
        return self.prefix + "feed"

    @property
    def fixed(self) -> list[str]:
        """KEYS of every script, in the order in which `lua/shared/lane.lua` names them."""
        return [
            self.config,
            self.slots,
            *(self.waiting(flow_class) for flow_class in ("interactive", "scheduled", "backfill")),
            self.ageing,
            self.budgets,
            self.stats,
            self.due("submit"),
            self.due("poll"),
            self.due("download"),
            self.ghosts,
            self.query_runs,
            self.early,
            self.unheard,
            self.feed,
        ]

    def flow(self, flow: str) -> str:
        """HASH: size, next (the cursor), class, weight, ceiling, tag, promoted, place, hold_after, counts by outcome, …

        Expires some weeks after the last run settled: the ledger has the history.
        """
        return f"{self.prefix}flow:{flow}"

    def requeued(self, flow: str) -> str:
        """LIST of runs that wait again, first in line: `index|attempt|query_run`. Empty in quiet times."""
        return f"{self.prefix}requeued:{flow}"

    def states(self, flow: str) -> str:
        """STRING of one nibble a run, in index order: its `RunState.nibble`. Expires with the flow."""
        return f"{self.prefix}states:{flow}"

    def share(self, digest: str) -> str:
        """STRING, when (ms) and under which name (`<batch>/<index>`) the run was accepted that equal queries share.

        For definitions with `cache` (`governor/deployment/shared_runs.py`). Written by the scheduler, deleted by
        whoever fails the run; expires when none may share it any more.
        """
        return f"{self.prefix}share:{digest}"

    def durations(self, query: str = "") -> str:
        """HASH: ends, sum, squares of ln(seconds), of a query or of the whole lane; expires some quiet weeks after
        `kept`, which is an end."""
        return f"{self.prefix}durations:{query}" if query else self.prefix + "durations"

    def run(self, run: str) -> str:
        """HASH of a granted, running or ready run; deleted when the run settles or goes back to waiting.

        `sent`: since when its create may have reached Stripe. `answered`: by the ledger Stripe has named its QueryRun,
        whatever Redis forgot. `adopted`: Redis had forgotten it. `cleared`: the reconciliation of the lane after which
        it was claimed. `claimed`: the fence that its last claim gave out.
        `holder`: who has it in custody; empty between two steps.
        """
        return f"{self.prefix}run:{run}"
