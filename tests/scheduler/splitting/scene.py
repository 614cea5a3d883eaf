"""One run of an extract that allows to cut its windows, and a Stripe that finds some windows too big."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from forebay.config.standing import FlowClass, Standing
from forebay.scheduler.splitting.splitter import Cut, Splitter
from forebay.store.ledger.batch_policy import Policy, Span, Splitting
from forebay.store.ledger.records import Batch, Item
from tests.scheduler.splitting.stripe import Judge, Stripe
from tests.worker.conftest import LANE, FileHost, World

START = datetime(2026, 3, 10, tzinfo=UTC)
DAY = Span(start=START, end=START + timedelta(days=1))
TEXT = "SELECT id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"
BOUNDS = re.compile(r"created >= TIMESTAMP '(.+?)' AND created < TIMESTAMP '(.+?)'")
FEES = "fees.20260310T0000Z-20260311T0000Z"


def split(**more: object) -> Splitting:
    fields = {"on": "created", "min": "1h", "max_parts": 24, "timezone": "UTC", "start": DAY.start, "end": DAY.end}
    return Splitting.model_validate({**fields, "texts": {"fees": TEXT}, "values": {}, **more})


def policy(splitting: Splitting | None) -> Policy:
    return Policy(definition="fees", kind="extract", spec_sha256="0" * 64, window=DAY, split=splitting)


def window_of(sql: str) -> Span:
    match = BOUNDS.search(sql)
    assert match, sql
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in match.groups())
    return Span(start=start, end=end)


def hours(sql: str) -> float:
    window = window_of(sql)
    return (window.end - window.start) / timedelta(hours=1)


def too_big_above(limit_h: float) -> Judge:
    return lambda sql: "file_size_above_limit" if hours(sql) > limit_h else None


class Scene:
    """One run of a split extract, and a Stripe."""

    result_format = "auto"
    columns: Mapping[str, str] = MappingProxyType({})
    nulls = "empty"
    runs_per_day: int | None = None

    def __init__(
        self,
        world: World,
        host: FileHost,
        judge: Judge,
        splitting: Splitting | None = None,
        parts: int | None = None,
        result_format: str = "auto",
        columns: Mapping[str, str] = MappingProxyType({}),
        nulls: str = "empty",
        runs_per_day: int | None = None,
    ) -> None:
        """`parts`: into how many it is cut before it runs."""
        self.world, self.result_format, self.runs_per_day = world, result_format, runs_per_day
        self.columns, self.nulls = columns, nulls
        self.stripe = Stripe(world, host, judge)
        sql = f"SELECT id FROM charges WHERE created >= TIMESTAMP '{DAY.start:%Y-%m-%d %H:%M:%S}'"
        sql = f"{sql} AND created < TIMESTAMP '{DAY.end:%Y-%m-%d %H:%M:%S}'"
        self.item = Item(name="fees", sql=sql, account=None, parts=parts)
        self.batch = self.submit(splitting or split())
        self.stripe.run_everything()

    def submit(self, splitting: Splitting | None) -> Batch:
        standing = Standing(flow_class=FlowClass.BACKFILL, weight=3.0)
        return self.world.submit(
            [self.item],
            FEES,
            standing=standing,
            policy=policy(splitting).model_copy(update={"runs_per_day": self.runs_per_day}),
            result_format=self.result_format,
            column_types=self.columns,
            nulls=self.nulls,
        )

    def cut(self) -> Cut:
        rt = self.world.rt
        splitter = Splitter(rt.ledger, rt.redis, rt.config, rt.store)
        return splitter.split(self.batch, LANE, 0)

    def parts(self, cut: Cut) -> list[Item]:
        assert cut.parts
        return list(self.world.rt.ledger.items(cut.parts.id, LANE))
