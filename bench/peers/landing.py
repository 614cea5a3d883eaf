"""Lands one result with Forebay, as a worker does.

python -m bench.peers.landing URL TYPE SIZE DESTINATION FORMAT[:COLUMN] [S3]

With a column it is an organization's, and lands as an object for each account.
"""

import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from forebay.landing.by_account.land_by_account import LandedByAccount, land_by_account
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.column_rules import column_rules
from forebay.landing.land import Landed, land
from forebay.store.ledger.by_account import ByAccount
from forebay.store.local import LocalStore
from forebay.store.s3 import open_bucket
from forebay.store.s3_options import S3Options

#: For a format that has types: those of `bench.landing`'s columns.
TYPES = column_rules(
    named={"created": "timestamp", "amount": "bigint", "fee": "bigint"},
    told=(),
    known={},
    nulls="empty",
    keep_misfits=False,
)


def main() -> None:
    url, content_type, size, destination, result_format, *endpoint = sys.argv[1:]
    store = (
        open_bucket(
            destination, options=S3Options(endpoint=endpoint[0], access_key_id="k", secret_access_key=SecretStr("s"))
        )
        if endpoint
        else LocalStore(Path(destination))
    )
    port = url.split("/")[2]
    result_format, _, column = result_format.partition(":")
    with Fetcher(allowed_hosts=(port,)) as fetcher:
        landed: Landed | LandedByAccount
        common: dict[str, Any] = {
            "content_type": content_type,
            "size": int(size),
            "store": store,
            "result_format": result_format,
            "columns": TYPES,
        }
        if column:
            common |= {"stem_of": lambda account: f"{account}/result", "by_account": ByAccount(column=column)}
            landed = land_by_account(fetcher, SecretStr(url), **common)
        else:
            landed = land(fetcher, SecretStr(url), stem="result", **common)
    sys.stdout.write(f"{landed.csv_bytes} {landed.records}\n")


if __name__ == "__main__":
    main()
