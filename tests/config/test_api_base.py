from __future__ import annotations

import httpx
import pytest

from forebay.config.api_base import check_api_base, host_of, is_loopback
from forebay.config.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "https://api.stripe.com",
        "https://gateway.example.com:8443/stripe",
        "http://localhost:12111",
        "http://127.0.0.1:12111",
        "http://127.8.9.10",
        "http://[::1]:12111",
    ],
)
def test_tls_and_loopback_are_good_enough_for_a_key(url: str) -> None:
    check_api_base(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.stripe.com", "plain http"),
        ("http://sandbox:12111", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://0.0.0.0:80", "plain http"),
        ("http://user@127.0.0.1", "scheme, host, port"),
        ("https://user:password@api.stripe.com", "scheme, host, port"),
        ("https://api.stripe.com?x=1", "scheme, host, port"),
        ("https://api.stripe.com#x", "scheme, host, port"),
        ("ftp://api.stripe.com", "https://"),
        ("api.stripe.com", "https://"),
        ("https://", "https://"),
        ("https://api stripe.com", "https://"),
        ("https://api.stripe.com/\nx", "https://"),
        ("https://[::1", "not a URL"),
        ("https://api.stripe.com:port", "not a URL"),
        ("", "https://"),
    ],
)
def test_a_key_goes_nowhere_else(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        check_api_base(url)

    assert "password" not in str(raised.value)


def test_a_name_is_not_looked_up_to_find_out_where_it_leads() -> None:
    assert not is_loopback("ip6-loopback")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.stripe.com", "api.stripe.com"),
        ("https://API.Stripe.com:443/v2", "api.stripe.com"),
        ("http://localhost:80", "localhost"),
        ("http://127.0.0.1:8420", "127.0.0.1:8420"),
        ("http://[::1]:8420", "[::1]:8420"),
        ("https://gateway.example.com:8443/stripe", "gateway.example.com:8443"),
    ],
)
def test_the_host_is_written_as_a_client_writes_it(url: str, host: str) -> None:
    assert host_of(url) == host == httpx.URL(url).netloc.decode()
