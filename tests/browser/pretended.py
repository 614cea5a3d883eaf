"""Pretends a deployment as large as one is: 1,000 accounts asked 100 reports each, with extracts, gaps and failures."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from forebay.governor.states import RunState, pack
from forebay.web.api.readings import Facts, LaneStates, PackedStates, RunsWanted
from tests.web.page_served import Told

ACCOUNTS, REPORTS = 1_000, 100
BATCH, LANE = "month_end.20261101T0000Z-20261201T0000Z", "acme:live"
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


class Pretended(Told):
    """Readings of it; `changing` gives other states each time."""

    changing = False

    def __init__(self) -> None:
        super().__init__(today=today(), batches=batches(), batch=batch(), lanes=lanes(), extracts=extracts())
        self.facts |= {"extract": extract(), "accounts": accounts(), "account": account(), "run": run()}
        self._random = random.Random(7)
        kinds = [RunState.LANDED] * 70 + [RunState.RUNNING] * 3 + [RunState.READY, RunState.FAILED]
        states = [self._random.choice(kinds) for _ in range(75_000)] + [RunState.CANCELED] * 500
        self._packed = bytearray(pack(states + [RunState.WAITING] * (ACCOUNTS * REPORTS - len(states))))

    def states(self, batch_id: str) -> PackedStates:
        if self.changing:
            for _ in range(25):  # Stripe lets no more be created a second
                self._packed[self._random.randrange(len(self._packed))] = 0x44
        runs = ACCOUNTS * REPORTS
        return PackedStates(lanes=(LaneStates(lane=LANE, runs=runs, packed=bytes(self._packed)),), columns=REPORTS)

    def runs(self, batch_id: str, wanted: RunsWanted) -> Facts:
        rows = [row(position) for position in range(wanted.start, min(wanted.start + wanted.limit, ACCOUNTS * REPORTS))]
        return {"runs": rows, "next": wanted.start + wanted.limit, "size": ACCOUNTS * REPORTS}


def pretended() -> Pretended:
    """Makes one."""
    return Pretended()


def row(position: int) -> Facts:
    failure = {"class": "sql", "message": "line 3:8: Column 'custmer' cannot be resolved", "query_run": None}
    return {
        "position": position,
        "lane": LANE,
        "index": position,
        "name": f"report_{position % REPORTS:02d}",
        "account": f"acct_{position // REPORTS:04d}",
        "state": "failed" if position % 17 == 3 else "landed",
        "known": True,
        "attempt": 0,
        "query_run": f"qryrun_{position:08x}",
        "trouble": None,
        "failure": failure if position % 17 == 3 else None,
    }


def counted() -> Facts:
    return {
        "runs": 100_000,
        "waiting": 24_500,
        "starting": 12,
        "alive": 480,
        "ready": 37,
        "landed": 73_912,
        "failed": 559,
        "canceled": 500,
        "bytes": 48_300_000_000,
    }


def batch() -> Facts:
    failures = [
        {"error_class": "sql", "message": "line 3:8: Column 'custmer' cannot be resolved", "count": 541,
         "accounts": ["acct_0003", "acct_0020", "acct_0037"], "names": ["report_03"]},
        {"error_class": "auth", "message": "The account has not granted access", "count": 18,
         "accounts": ["acct_0777"], "names": []},
    ]  # fmt: skip
    cause = {
        "cause": "cap_full",
        "message": "Stripe refuses more runs, its cap is full, others use it too: 429 query_run_rate_limit_exceeded",
        "lane": LANE,
        "detail": "for 3:20 min, next try in 4 s",
        "next": None,
    }
    return {
        "batch": BATCH,
        "state": "running",
        "created_at": (NOW - timedelta(hours=4)).isoformat(),
        "paused": None,
        "canary_out": False,
        **counted(),
        "source": "extract month_end",
        "connection": "acme",
        "definition": "month_end",
        "class": "scheduled",
        "output": "s3://acme-finance/stripe",
        "places": [f"s3://acme-finance/stripe/{BATCH}"],
        "format": "parquet",
        "records": 812_443_120,
        "lanes": [{"lane": LANE, "runs": 100_000}],
        "failures": failures,
        "checks": [
            {"check": "tie_out", "name": "balance", "account": "acct_0001", "ok": True, "finding": "both 1,204"},
            {"check": "rows", "name": "fees", "account": "acct_0002", "ok": False, "finding": "0, at least 1"},
        ],
        "coverage": {"expected": 1_000, "landed": 999, "empty": [], "missing": ["acct_0777"], "unexpected": []},
        "remembered": False,
        "causes": [cause],
        "next": [{"what": "failed", "how": f"sql: mend the SQL, then: forebay retry {BATCH} --failed --sql-again"}],
        "command": f"forebay show {BATCH}",
    }


def batches() -> Facts:
    rows = []
    states = ["running", "landed", "checks_failed", "queued", "partial", "stopped", "canceled", "landed"]
    for number in range(24):
        of = {name: count // (number + 1) for name, count in counted().items()}
        rows.append({
            "batch": f"fees.202611{28 - number:02d}T0000Z-202611{29 - number:02d}T0000Z" if number else BATCH,
            "state": states[number % len(states)],
            "created_at": (NOW - timedelta(hours=4 + 24 * number)).isoformat(),
            "connection": "acme", "source": "extract fees", "output": "s3://acme", **of,
            "definition": "fees", "class": "scheduled",
        })  # fmt: skip
    return {"batches": rows, "more": True, "cut": False, "elsewhere": 0}


def last_hour() -> list[Facts]:
    """A lane that fills up, is refused some runs, and goes on below its cap."""
    now, samples = datetime.now(UTC), []
    for number in range(120):
        limit = 500 if number < 60 else 420 + number * 72 // 119
        held = min(limit, number * 14)
        refused = {"cap": 7} if number in (60, 63) else {"rate of creates": 1} if number in (20, 21) else {}
        at = (now - timedelta(seconds=30 * (119 - number))).isoformat(timespec="seconds")
        samples.append({"at": at, "held": held, "limit": limit, "cap": 500, "refused": refused})
    return samples


def lanes() -> Facts:
    lane = {
        "lane": LANE, "cap": 500, "limit": 492, "margin": 0, "held": 492, "aside": 0, "starting": 12, "alive": 480,
        "held_by_class": {"interactive": 2, "scheduled": 490, "backfill": 0}, "held_by_batch": {BATCH: 490, "adhoc": 2},
        "reserves": {}, "oldest_held": {"run": f"{BATCH}/88", "seconds": 1_820},
        "budgets_per_s": {"create": 10.0, "retrieve": 7.5, "all": 20.0},
        "refusals": {"cap": 31, "rate of creates": 2, "rate of retrieves": 0},
        "ends": {"observed_by": "webhooks", "told": 900, "missing": 0.02, "told_after_s": 0.4,
                 "freed_after_s": {"webhooks": 0.6, "looks": 2.3}, "trouble": None},
        "closed": [{"gate": "cap", "reason": "429 query_run_rate_limit_exceeded", "for_s": 200, "next_try_in_s": 4}],
        "paused": None, "paused_batches": {}, "audit": {"freed": 0, "forgotten": 0, "corrected": 0}, "unserved": 0,
    }  # fmt: skip
    lane["last_hour"] = last_hour()
    idle = {**lane, "lane": "acme:test", "cap": 100, "limit": 100, "held": 0, "starting": 0, "alive": 0, "closed": []}
    idle["last_hour"] = [{**each, "held": each["held"] // 9, "limit": 100, "cap": 100} for each in last_hour()[:40]]
    idle |= {"held_by_batch": {}, "oldest_held": None, "held_by_class": {}}
    idle["paused"] = {"reason": "month end: Ana asked for quiet", "for_s": 7_300}
    return {"lanes": [lane, idle], "causes": batch()["causes"]}


def windows(count: int) -> list[Facts]:
    states = ["landed"] * 9 + ["partial", "landed", "missing", "failed", "skipped", "landed"]
    found = []
    for number in range(count):
        start = NOW.replace(hour=0) - timedelta(days=number + 1)
        state = "running" if number == 0 else states[number % len(states)]
        found.append({
            "start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat(),
            "batch": None if state == "missing" else f"fees.{start:%Y%m%dT%H%MZ}", "outcome": None, "ended_at": None,
            "told_late": False, "label": f"{start:%Y-%m-%d}", "state": state,
            "gap": state in ("missing", "failed", "partial", "skipped"),
        })  # fmt: skip
    return found


def extracts() -> Facts:
    rows = [
        {
            "extract": name, "paused": "schema moves" if name == "payouts" else None, "gaps": number,
            "next": f"forebay backfill {name}", "windows": windows(7),
            "coverage": {"expected": 1_000, "landed": 1_000 - number},
            "landed_until": (NOW - timedelta(days=number, hours=9)).isoformat(), "behind": number == 2,
            "promised_until": (NOW - timedelta(hours=33)).isoformat(),
        }
        for number, name in enumerate(("fees", "balance_activity", "payouts", "disputes", "subscriptions"))
    ]  # fmt: skip
    return {"extracts": rows, "removed": []}


def extract() -> Facts:
    first = (NOW - timedelta(days=13)).isoformat()
    ranges = [{"start": first, "end": (NOW - timedelta(days=10)).isoformat(), "windows": 3, "first": "2026-11-16"}]
    ranges[0] |= {"last": "2026-11-18", "from": "2026-11-16", "to": "2026-11-19"}
    ranges.append({**ranges[0], "first": "2026-11-24", "last": "2026-11-24", "windows": 1, "from": "2026-11-24"})
    more = {"when": "data_ready", "time_zone": "Europe/Berlin", "data_until": NOW.isoformat(), "gap_ranges": ranges}
    more |= {"every": "1d", "first_start": "2026-01-01T00:00:00+00:00", "late_after": None, "checks": []}
    return {**extracts()["extracts"][1], "windows": windows(90), **more}


def accounts() -> Facts:
    rows = []
    for number in range(200):
        state = "refused" if number == 77 else "missing" if number % 40 == 9 else "landed"
        of = [{"extract": "fees", "state": state}, {"extract": "payouts", "state": "landed"}]
        rows.append({"account": f"acct_{number:04d}", "extracts": of})
    return {"accounts": rows}


def account() -> Facts:
    stood = [
        {
            "start": each["start"],
            "end": each["end"],
            "batch": f"fees.{number}",
            "state": "refused" if number < 3 else "landed",
        }
        for number, each in enumerate(windows(14))
    ]
    one = {"extract": "fees", "windows": stood, "missing_since": stood[2]["start"], "refused_since": stood[2]["start"]}
    other = {"extract": "payouts", "windows": stood[3:], "missing_since": None, "refused_since": None}
    return {"account": "acct_0077", "extracts": [one, other]}


def run() -> Facts:
    at = NOW - timedelta(hours=4)
    steps = [
        ("accepted", "extract month_end", 0.0),
        ("attempt 1 failed", "provider: internal_error", 3_900.0),
        ("given a slot", "attempt 2", 12.5),
        ("created at Stripe", "qryrun_1QxA77", 0.8),
        ("end seen", "", 181.0),
        ("download began", "", 0.3),
        ("landed", "4.1 MB as parquet", 2.1),
    ]
    story = []
    for what, detail, after_s in steps:
        at += timedelta(seconds=after_s)
        story.append({"at": at.isoformat(), "what": what, "detail": detail, "after_s": after_s})
    failed = {"class": "provider", "message": "internal_error", "code": None, "query_run": "qryrun_1QxA12"}
    sql = "SELECT b.id, b.amount\nFROM balance_transactions b\nWHERE b.created >= TIMESTAMP '2026-11-01 00:00:00'"
    return {
        "batch": BATCH, "index": 103, "position": 103, "name": "report_03", "account": "acct_0001", "state": "landed",
        "attempt": 1, "query_run": "qryrun_1QxA77", "lane": LANE, "result": "s3://acme-finance/stripe/x/fees.parquet",
        "format": "parquet", "bytes": 4_100_000, "sha256": "9f" * 32, "records": 120_331,
        "manifest": "s3://acme-finance/stripe/x/fees.manifest.json", "sql": sql, "reason": None,
        "attempts": [{**failed, "request_id": "req_9x2", "attempt": 0, "at": story[1]["at"]}],
        "request_ids": ["req_1", "req_2"], "story": story, "trouble_of_destination": None,
        "command": f"forebay show {BATCH} acct_0001/report_03",
    }  # fmt: skip


def today() -> Facts:
    attention = [
        {"kind": "cause", "message": "no worker is alive, so nothing moves", "detail": None,
         "next": "start one with: forebay worker", "batch": None, "extract": None, "lane": None},
        {"kind": "window", "message": "fees: window 2026-11-27 landed in part", "detail": None,
         "next": "forebay show fees.20261127T0000Z-20261128T0000Z", "batch": "fees.20261127T0000Z-20261128T0000Z",
         "extract": "fees", "lane": None},
        {"kind": "window", "message": "payouts: window 2026-11-25 did not run", "detail": None,
         "next": "forebay backfill payouts --from 2026-11-25", "batch": None, "extract": "payouts", "lane": None},
    ]  # fmt: skip
    return {"attention": attention, "extracts": extracts()["extracts"], "lanes": lanes()["lanes"]}
