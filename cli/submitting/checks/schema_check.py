"""Checks what is known of tables and columns, and whether it is fetched anew where the spec asks for that."""

from collections.abc import Iterator
from datetime import UTC, datetime

from forebay.cli.deployment import Deployment
from forebay.cli.output import words
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.config.connections import Connection
from forebay.config.schema_refresh import SchemaRefresh
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.catalog_refresh import AGAIN, EVERY
from forebay.store.errors import StoreError

_ITSELF = "`forebay schema` fetches them now"


def schemas(deployment: Deployment) -> Iterator[CheckResult]:
    """Says it of each connection whose tables are known, or should be fetched daily; a warning stops nothing."""
    catalogs = Catalogs(deployment.ledger_store)
    for connection in deployment.config.connections.values():
        try:
            found = _found(catalogs, connection, datetime.now(UTC))
        except StoreError as error:
            found = _warning(f"what is known of the tables of {connection.name} cannot be read: {error}", _ITSELF)
        if found:
            yield found


def _found(catalogs: Catalogs, connection: Connection, now: datetime) -> CheckResult | None:
    kept = catalogs.find(connection.name, connection.api_base)
    daily = connection.refresh_schema is SchemaRefresh.DAILY
    told = _told(kept, now)
    if daily and (not_told := catalogs.not_told(connection.name)):
        since = words.age((now - not_told.at).total_seconds())
        sentence = f"the tables of {connection.name} could not be fetched {since} ago: {not_told.reason}; known: {told}"
        return _warning(sentence, not_told.way_out or _ITSELF)
    if daily and (kept is None or now - kept.fetched_at > EVERY + 2 * AGAIN):
        sentence = f"the tables of {connection.name} should be fetched daily; known: {told}"
        return _warning(sentence, f"`forebay beat` fetches them: does it run? {_ITSELF}")
    if kept is None:
        return None
    return CheckResult(check="schema", verdict=CheckVerdict.OK, message=f"of connection {connection.name}: {told}")


def _told(kept: Catalog | None, now: datetime) -> str:
    if kept is None:
        return "none, so names are not checked"
    age = words.age((now - kept.fetched_at).total_seconds())
    return f"{words.counted(len(kept.tables), 'table')}, fetched {age} ago"


def _warning(message: str, way_out: str) -> CheckResult:
    return CheckResult(check="schema", verdict=CheckVerdict.WARNING, message=message, way_out=way_out)
