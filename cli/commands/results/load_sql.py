"""Writes what makes a warehouse load exactly the results that manifests name: `forebay load-sql`."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.following.named_batches import named_batches
from forebay.cli.output import events, plain_text, words
from forebay.config.load import load_config
from forebay.config.near_miss import did_you_mean
from forebay.config.settings import Settings
from forebay.landing.result_paths import folder_of
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.landed import landed
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch
from forebay.store.open import Stores

if TYPE_CHECKING:
    from forebay.landing.loading.artefact import Artefact, Warehouse
    from forebay.landing.loading.table_load import Loadable

_NAMES = ("athena", "redshift", "snowflake", "bigquery", "databricks", "duckdb")
_STAGE = re.compile(r"@[~%\w.$/-]+")


def _warehouse(name: str) -> str:
    if name not in _NAMES:
        raise typer.BadParameter(f"'{name}' is no warehouse that is known{did_you_mean(name, _NAMES)}")
    return name


For = Annotated[
    str, typer.Option("--for", parser=_warehouse, metavar="|".join(_NAMES), help="Who loads them.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="URL", help="Where the warehouse reads the tree: a copy's s3://…, gs://…, or @STAGE."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="FOLDER|URL", help="Writes files there: the SQL, lists of files, jobs."),
]
Table = Annotated[
    str | None,
    typer.Option("--table", metavar="NAME", help="The table, with a schema before a dot. [default: the query's name]"),
]


def load_sql(
    name: options.BatchOrExtract,
    *,
    warehouse: For,
    table: Table = None,
    at: At = None,
    to: To = None,
    as_json: options.Json = False,
) -> int:
    """Write the SQL that loads what landed.

    A table a query, with columns for window, account and batch; exactly the files that manifests name; each window
    deleted and inserted in one transaction, so that loading twice, or a window that ran again, doubles nothing. Asks
    no warehouse.
    """
    # sqlglot takes a moment to load, and no other command that people wait for needs it.
    from forebay.landing.loading.table_load import table_load
    from forebay.landing.loading.warehouses import WAREHOUSES, artefacts

    chosen, settings = WAREHOUSES[warehouse], Settings()
    stores = open_stores(settings)
    ledger = Ledger(stores.open(settings.ledger))
    results = _by_query(ledger, stores, named_batches(ledger, load_config(settings), name), at, chosen)
    if not results:
        raise InputError(f"nothing of {name} has landed at its place, so there is nothing to load: `forebay show`")
    if table and len(results) > 1:
        raise InputError(
            f"--table names one table, and {name} has {len(results)} queries: {', '.join(sorted(results))}"
        )
    place = _place(chosen, stores, to)
    written = [
        artefact
        for query, loadable in sorted(results.items())
        for artefact in artefacts(chosen, table_load(table or query, loadable), place.url if place else "")
    ]
    _tell(written, place, as_json=as_json)
    return Exit.OK


def _by_query(
    ledger: Ledger, stores: Stores, batches: Iterable[Batch], at: str | None, warehouse: "Warehouse"
) -> dict[str, list["Loadable"]]:
    """Finds what has landed, by the names of queries; of a window that ran again only the last time counts."""
    from forebay.landing.loading.table_load import Loadable

    if at and at.startswith("@") and not _STAGE.fullmatch(at):
        raise InputError(f"--at {at} is no stage: write @NAME, @SCHEMA.NAME or @NAME/FOLDER")
    windows: dict[object, tuple[str, dict[str, list[Loadable]]]] = {}
    for batch in batches:
        store = stores.open(batch.output)
        ties = {item.name for flow in batch.flows for item in ledger.items(batch.id, flow.lane) if item.ties}
        span = batch.policy.window if batch.policy else None
        found: dict[str, list[Loadable]] = {}
        for stem, manifest in landed(store, batch):
            # What waits in quarantine does not count yet.
            if manifest.object.key.startswith(stem) and manifest.name not in ties:
                url = _url(store, manifest.object.key, at, warehouse)
                loadable = Loadable(manifest=manifest, window=manifest.window or span, url=url)
                found.setdefault(manifest.name, []).append(loadable)
        parsed = parse_batch_id(batch.id)
        window, folder = parsed[1] if parsed else batch.id, f"{store.url}/{folder_of(batch)}"
        if found:
            # Each of a shared folder's places has one result, whichever batch landed it.
            former = windows.get(window)
            for query, loadables in former[1].items() if former and former[0] == folder else ():
                _add_former(found.setdefault(query, []), loadables)
            windows[window] = (folder, found)
    queries: dict[str, list[Loadable]] = {}
    for _, found in windows.values():
        for query, loadables in found.items():
            queries.setdefault(query, []).extend(loadables)
    return queries


def _add_former(now: list["Loadable"], former: list["Loadable"]) -> None:
    """Adds what the time before landed of other accounts; nothing where either asked all of them in one."""
    asked = {each.manifest.account for each in now}
    if now and (None in asked or any(each.manifest.by_account for each in now)):
        return
    now += [each for each in former if not asked or each.manifest.account not in (None, *asked)]


def _url(store: Store, key: str, at: str | None, warehouse: "Warehouse") -> str:
    if at:
        return f"{at.rstrip('/')}/{key}"
    url = store.url_of(key)
    if url.startswith("file://") and not warehouse.places:
        return unquote(urlsplit(url).path)
    return f"{store.url.rstrip('/')}/{key}"


def _place(warehouse: "Warehouse", stores: Stores, to: str | None) -> Store | None:
    """Opens where files go. Raises `InputError` where the SQL would name files that are nowhere."""
    if to is None and warehouse.needs_place:
        where = "s3://…, where it reads them" if warehouse.name != "bigquery" else "FOLDER"
        raise InputError(f"for {warehouse.name} there are files beside the SQL: say where to write them, --to {where}")
    if to and warehouse.needs_place and warehouse.places == ("s3://",) and not to.startswith("s3://"):
        raise InputError(f"{warehouse.name} reads its lists of files from S3: --to s3://bucket/prefix, not {to}")
    return stores.open(to) if to else None


def _tell(written: list["Artefact"], place: Store | None, *, as_json: bool) -> None:
    if place:
        for artefact in written:
            place.put(artefact.name, artefact.text.encode())
    if as_json:
        for artefact in written:
            text = {} if place else {"text": artefact.text}
            events.emit("artefact", name=artefact.name, **(_at(place, artefact) | text))
        events.result(Exit.OK, artefacts=len(written))
        return
    if place:
        plain_text.say(*(words.place(place.url_of(artefact.name)) for artefact in written if _is_sql(artefact)))
        plain_text.remark(f"{words.counted(len(written), 'file')} in {words.place(place.url)}")
        return
    for number, artefact in enumerate(written):
        if number:
            plain_text.say("")
        plain_text.say_text(artefact.text)


def _at(place: Store | None, artefact: "Artefact") -> dict[str, str]:
    return {"file": place.url_of(artefact.name)} if place else {}


def _is_sql(artefact: "Artefact") -> bool:
    return artefact.name.endswith(".sql")
