import pytest

from forebay.config.errors import ConfigError
from forebay.config.redis_urls import broker_url, state_url
from forebay.config.settings import Settings


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **{"redis_url": "redis://127.0.0.1:1/0", **given})


def test_the_broker_is_the_server_of_the_lanes_unless_it_has_a_url_of_its_own() -> None:
    assert broker_url(settings()) == state_url(settings()) == "redis://127.0.0.1:1/0"
    assert broker_url(settings(broker_url="redis://127.0.0.1:2/0")) == "redis://127.0.0.1:2/0"


def test_without_a_redis_the_way_out_is_named() -> None:
    nowhere = Settings(_env_file=None, redis_url=None)

    for url in (state_url, broker_url):
        with pytest.raises(ConfigError, match="FOREBAY_REDIS_URL"):
            url(nowhere)
