"""Holds what the client gives of batches and their runs: frozen values, read from the JSON of the API. Pure.

Each keeps all that came under `facts`, since a server may say more than this release knows by name (docs/web.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

Facts = Mapping[str, Any]


def read_moment(text: str) -> datetime:
    """Reads a moment as the API writes it."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCause:
    """Why runs failed: all that failed in the same words are one cause."""

    error_class: str
    """`sql`, `too_long`, `auth`, …: docs/architecture.md §6 says what each means."""
    message: str
    count: int
    accounts: tuple[str, ...] = ()
    """Examples, at most 20."""
    names: tuple[str, ...] = ()
    """Examples, at most 20."""

    @classmethod
    def of(cls, facts: Facts) -> FailureCause:
        """Reads it."""
        return cls(
            error_class=facts["error_class"],
            message=facts["message"],
            count=facts["count"],
            accounts=tuple(facts.get("accounts") or ()),
            names=tuple(facts.get("names") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCheck:
    """One check of one result of a definition with `checks`."""

    check: str
    name: str
    account: str | None
    ok: bool
    finding: str

    @classmethod
    def of(cls, facts: Facts) -> DataCheck:
        """Reads it."""
        return cls(
            check=facts["check"],
            name=facts["name"],
            account=facts.get("account"),
            ok=facts["ok"],
            finding=facts.get("finding") or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCoverage:
    """How many of the accounts that a definition asks have their results."""

    expected: int
    landed: int
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: Facts) -> AccountCoverage:
        """Reads it."""
        missing = tuple(facts.get("missing") or ())
        return cls(expected=facts["expected"], landed=facts["landed"], missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How a batch stood when somebody asked."""

    id: str
    state: str
    """`queued`, `running`, `landed`, `partial`, `failed`, `checks_failed`, `canceled`, `stopped`, …"""
    ended: bool
    """All of it has settled, and is closed."""
    exit_code: int | None
    """What `forebay run` ends with; None while it goes on."""
    created_at: datetime
    runs: int
    waiting: int
    starting: int
    alive: int
    ready: int
    landed: int
    failed: int
    canceled: int
    output: str
    """The destination, and below it the folders in `places`."""
    places: tuple[str, ...]
    bytes: int
    records: int
    definition: str | None
    key: str | None
    paused: str | None
    """Why a person or the closer paused it."""
    coverage: AccountCoverage | None
    failures: tuple[FailureCause, ...]
    checks: tuple[DataCheck, ...]
    way_out: str
    """What may be done about how it stands: the first way that the commands name."""
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> BatchStatus:
        """Reads it."""
        coverage = facts.get("coverage")
        return cls(
            id=facts["batch"],
            state=facts["state"],
            ended=facts["ended"],
            exit_code=facts["exit"],
            created_at=read_moment(facts["created_at"]),
            **{name: facts[name] for name in _COUNTS},
            output=facts.get("output") or "",
            places=tuple(facts.get("places") or ()),
            bytes=facts.get("bytes") or 0,
            records=facts.get("records") or 0,
            definition=facts.get("definition"),
            key=facts.get("key"),
            paused=facts.get("paused"),
            coverage=AccountCoverage.of(coverage) if coverage else None,
            failures=tuple(FailureCause.of(each) for each in facts.get("failures") or ()),
            checks=tuple(DataCheck.of(each) for each in facts.get("checks") or ()),
            way_out=_way_out(facts),
            facts=facts,
        )


_COUNTS = ("runs", "waiting", "starting", "alive", "ready", "landed", "failed", "canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """A batch in a list of them."""

    id: str
    state: str
    created_at: datetime
    definition: str | None
    runs: int | None
    """None where its record cannot be read."""
    landed: int | None
    failed: int | None
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, facts: Facts) -> BatchLine:
        """Reads it."""
        return cls(
            id=facts["batch"],
            state=facts["state"],
            created_at=read_moment(facts["created_at"]),
            definition=facts.get("definition"),
            runs=facts.get("runs"),
            landed=facts.get("landed"),
            failed=facts.get("failed"),
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailure:
    """Why a run failed."""

    error_class: str
    message: str
    facts: Facts = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How a run of a batch stood."""

    batch: str
    lane: str
    index: int
    name: str
    account: str | None
    state: str
    """`waiting`, `granted`, `running`, `ready`, `landed`, `failed` or `canceled`."""
    attempt: int | None
    query_run: str | None
    failure: RunFailure | None
    facts: Facts = field(repr=False, compare=False)

    @classmethod
    def of(cls, batch: str, facts: Facts) -> RunStatus:
        """Reads it."""
        failure = facts.get("failure")
        return cls(
            batch=batch,
            lane=facts["lane"],
            index=facts["index"],
            name=facts["name"],
            account=facts.get("account"),
            state=facts["state"],
            attempt=facts.get("attempt"),
            query_run=facts.get("query_run"),
            failure=RunFailure(error_class=failure["class"], message=failure["message"], facts=failure)
            if failure
            else None,
            facts=facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedResult:
    """A result that is there: what its manifest says, which is written last."""

    batch: str
    lane: str
    index: int
    name: str
    account: str | None
    url: str
    """Where the object lies."""
    format: str
    """`csv`, `zip`, `csv.gz`, `csv.zst` or `parquet`."""
    bytes: int
    sha256: str
    records: int | None
    columns: tuple[str, ...]
    manifest: Facts = field(repr=False, compare=False)
    """All of it: docs/manifests.md."""

    @classmethod
    def of(cls, batch: str, run: Facts, manifest: Facts) -> LandedResult:
        """Reads one of a run's manifests."""
        stored, csv = manifest["object"], manifest.get("csv") or {}
        return cls(
            batch=batch,
            lane=run["lane"],
            index=run["index"],
            name=manifest.get("name") or run["name"],
            account=manifest.get("account"),
            url=stored["url"],
            format=stored["format"],
            bytes=stored["bytes"],
            sha256=stored["sha256"],
            records=csv.get("records"),
            columns=tuple(csv.get("columns") or ()),
            manifest=manifest,
        )

    @property
    def path(self) -> str | None:
        """Gives the file's path where the destination is a folder; None where it is a bucket."""
        parts = urlsplit(self.url)
        if parts.scheme == "file":
            return unquote(parts.path)
        return None if parts.scheme else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink:
    """A way to a result for whoever has no rights in the bucket, for a short time."""

    url: str = field(repr=False)
    """Whoever has it may read the result: it belongs in no log."""
    object: str
    account: str | None
    format: str
    bytes: int
    sha256: str
    expires_at: datetime

    @classmethod
    def of(cls, facts: Facts, expires_at: str) -> SignedLink:
        """Reads it."""
        return cls(
            url=facts["url"],
            object=facts["object"],
            account=facts.get("account"),
            format=facts["format"],
            bytes=facts["bytes"],
            sha256=facts["sha256"],
            expires_at=read_moment(expires_at),
        )


def _way_out(facts: Facts) -> str:
    ways = facts.get("next") or [cause for cause in facts.get("causes") or () if cause.get("next")]
    first = ways[0] if ways else None
    return "" if first is None else first.get("how") or first.get("next") or ""
