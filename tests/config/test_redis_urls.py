import pytest

from forebay.config.errors import ConfigError
from forebay.config.redis_urls import broker_server, state_server
from forebay.config.settings import Settings


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **{"redis_url": "redis://127.0.0.1:1/0", **given})


def test_the_broker_is_the_server_of_the_lanes_unless_it_has_a_url_of_its_own() -> None:
    assert broker_server(settings()) == state_server(settings())
    assert state_server(settings()).hosts == (("127.0.0.1", 1),)
    assert broker_server(settings(broker_url="redis://127.0.0.1:2/0")).hosts == (("127.0.0.1", 2),)


def test_without_a_redis_the_way_out_is_named() -> None:
    nowhere = Settings(_env_file=None, redis_url=None)

    for server in (state_server, broker_server):
        with pytest.raises(ConfigError, match="FOREBAY_REDIS_URL"):
            server(nowhere)


def test_a_cluster_needs_a_broker_beside_it() -> None:
    with pytest.raises(ConfigError, match="set FOREBAY_BROKER_URL"):
        broker_server(settings(redis_url="redis+cluster://a:1"))
    beside = settings(redis_url="redis+cluster://a:1", broker_url="redis://b:2/0")
    assert broker_server(beside).hosts == (("b", 2),)


def test_certificates_are_those_of_servers_with_tls(tmp_path: object) -> None:
    nowhere = settings(redis_url="rediss://a:1/0", redis_ca="/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"FOREBAY_REDIS_CA is /nowhere/ca\.pem, and there is no such file"):
        state_server(nowhere)
    assert state_server(settings(redis_ca="/nowhere/ca.pem")).files.ca is None


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="FOREBAY_REDIS_CERT and FOREBAY_REDIS_KEY need each other"):
        settings(redis_cert="/some/cert.pem")
