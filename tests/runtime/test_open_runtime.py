"""Worker, beat and commands open the same things of the same settings."""

from pathlib import Path

import pytest
import redis

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.governor.contract import LaneLimits
from forebay.runtime.open_runtime import open_runtime
from forebay.store.errors import BadUrl

KEY = "rk_test_secret"


def settings(folder: Path, **given: object) -> Settings:
    return Settings(
        _env_file=None,
        **{"redis_url": "redis://127.0.0.1:1/0", "ledger": str(folder / "ledger"), "stripe_api_key": KEY, **given},
    )


def test_a_runtime_is_what_its_settings_say_and_nobody_was_contacted(tmp_path: Path) -> None:
    runtime = open_runtime(
        settings(tmp_path, large_csv_bytes=7, express_bytes=5), proxies=lambda: {"https": "http://127.0.0.1:2"}
    )

    assert runtime.config.connection().name == "default"
    assert (runtime.limits.large_csv_bytes, runtime.express_bytes) == (7, 5)
    assert runtime.proxies() == {"https": "http://127.0.0.1:2"}
    assert runtime.redis.connection_pool.connection_kwargs["port"] == 1
    assert not (tmp_path / "ledger").exists()
    runtime.close()


def test_the_ledgers_store_is_opened_once(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    runtime = open_runtime(chosen)

    runtime.store(chosen.ledger).put("extracts/fees/paused.json", b"{}")

    assert (tmp_path / "ledger/extracts/fees/paused.json").read_bytes() == b"{}"
    assert runtime.store(chosen.ledger) is runtime.store(chosen.ledger)
    runtime.close()


def test_a_ledger_that_cannot_be_opened_is_told_before_anything_is_started(tmp_path: Path) -> None:
    started: list[str] = []

    def connected() -> redis.Redis:
        started.append("valkey")
        return redis.Redis()

    with pytest.raises(BadUrl):
        open_runtime(settings(tmp_path, ledger="ftp://somewhere"), connected=connected)
    assert started == []


def test_without_a_redis_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FOREBAY_REDIS_URL"):
        open_runtime(settings(tmp_path, redis_url=None))


def test_after_reconnecting_governors_work_with_the_new_client(tmp_path: Path, valkey: redis.Redis) -> None:
    runtime = open_runtime(settings(tmp_path))
    lost = runtime.governor("default:test")
    runtime.redis.close()

    runtime.reconnect(valkey)

    assert runtime.governor("default:test") is not lost
    runtime.governor("default:test").configure(LaneLimits(cap=3))
    assert valkey.hget(runtime.governor("default:test").keys.config, "cap") == "3"
