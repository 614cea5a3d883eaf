import pytest

from forebay.config.errors import ConfigError
from forebay.config.proxies import proxy_for

API = "https://api.stripe.com/v2"


@pytest.mark.parametrize(
    ("url", "proxies", "expected"),
    [
        (API, {}, None),
        (API, {"https": "http://proxy:3128"}, "http://proxy:3128"),
        (API, {"http": "http://proxy:3128"}, None),
        (API, {"all": "proxy:3128"}, "http://proxy:3128"),
        (API, {"https": "https://one", "all": "http://two"}, "https://one"),
        (API, {"https": "http://proxy", "no": "stripe.com"}, None),
        (API, {"https": "http://proxy", "no": "localhost, .Stripe.com"}, None),
        (API, {"https": "http://proxy", "no": "*"}, None),
        (API, {"https": "http://proxy", "no": "ripe.com,"}, "http://proxy"),
        ("http://127.0.0.1:8420", {"http": "http://proxy", "all": "http://proxy"}, None),
        ("http://localhost:8420", {"all": "socks5://proxy"}, None),
    ],
)
def test_a_proxy_is_chosen_as_the_environment_says(url: str, proxies: dict[str, str], expected: str | None) -> None:
    assert proxy_for(url, proxies) == expected


def test_a_proxy_that_is_not_spoken_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigError, match="neither http") as raised:
        proxy_for(API, {"all": "socks5://me:s3cret@proxy:1080"})

    assert "s3cret" not in str(raised.value)
