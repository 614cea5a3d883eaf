"""A Valkey whose scripts take the time from a key, so that a schedule decides when it is late."""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor import scripts
from tests.governor.lua_headers import OF_A_LANE, STANDALONE
from tests.interleaving.seams import SCRIPT_NAMES, source_with_our_clock
from tests.servers.valkey import valkey_server


@pytest.fixture(scope="module")
def pool() -> Iterator[redis.ConnectionPool]:
    """Connections to it, while the product takes its scripts from here."""
    texts = {name: source_with_our_clock(name) for name in (*OF_A_LANE, *STANDALONE)}
    with valkey_server() as url:
        pool = redis.ConnectionPool.from_url(url, decode_responses=True)
        with redis.Redis(connection_pool=pool) as client:
            SCRIPT_NAMES.update({str(client.script_load(text)): name for name, text in texts.items()})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scripts, "source", texts.__getitem__)
            yield pool
        pool.disconnect()
