"""Lists the warehouses that results can be loaded into, and refuses what one of them cannot read."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from forebay.landing.errors import NotLoadable
from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.athena_load import ATHENA
from forebay.landing.loading.bigquery_load import BIGQUERY
from forebay.landing.loading.databricks_load import DATABRICKS
from forebay.landing.loading.duckdb_load import DUCKDB
from forebay.landing.loading.redshift_load import REDSHIFT
from forebay.landing.loading.snowflake_load import SNOWFLAKE
from forebay.landing.loading.table_load import TableLoad

WAREHOUSES: Mapping[str, Warehouse] = MappingProxyType(
    {each.name: each for each in (ATHENA, REDSHIFT, SNOWFLAKE, BIGQUERY, DATABRICKS, DUCKDB)}
)

#: What one or the other of them takes for a pattern in the place of a file.
_PATTERN = frozenset("*?[{")


def artefacts(warehouse: Warehouse, load: TableLoad, place: str) -> Iterator[Artefact]:
    """Writes all that loads it; `place` is the URL below which the artefacts will be. Raises NotLoadable."""
    if unread := load.formats - warehouse.formats:
        raise NotLoadable(
            f"{warehouse.name} reads no {' or '.join(sorted(unread))}, which {load.table} has: land its queries with "
            "--format csv.gz (or parquet), or set `format` in the spec"
        )
    if warehouse.places:
        for window in load.windows:
            for each in window.slices:
                for file in each.files:
                    _check_place(warehouse, file.url, file.key)
    return warehouse.write(load, f"{place.rstrip('/')}/")


def _check_place(warehouse: Warehouse, url: str, key: str) -> None:
    place = url.removesuffix(key)
    if not url.startswith(warehouse.places):
        raise NotLoadable(f"{warehouse.name} does not read {place}: {warehouse.elsewhere.format(place=place)}")
    if _PATTERN.intersection(place):  # keys have none of it
        raise NotLoadable(
            f"{place} would be taken for a pattern, and other files may fit it: copy the tree to a "
            "place without * ? [ { in its name, and name that with --at"
        )
