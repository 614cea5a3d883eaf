"""The URL of a Redis in each of its forms, and what is said of one that cannot be read: nothing of it."""

import pytest

from forebay.config.redis_server import RedisForm, read_redis_url


@pytest.mark.parametrize(
    ("url", "form", "hosts", "shown"),
    [
        ("redis://h", RedisForm.SINGLE, (("h", 6379),), "redis://h:6379/0"),
        ("rediss://user:p%40ss@h:1/3", RedisForm.SINGLE, (("h", 1),), "rediss://h:1/3"),
        ("redis://[::1]:1/", RedisForm.SINGLE, (("::1", 1),), "redis://::1:1/0"),
        ("unix:///run/redis.sock?db=2", RedisForm.SOCKET, (), "unix:///run/redis.sock"),
        (
            "redis+sentinel://:secret@a:1,b/mymaster/2",
            RedisForm.SENTINEL,
            (("a", 1), ("b", 26379)),
            "redis+sentinel://a:1,b:26379/mymaster/2",
        ),
        ("rediss+sentinel://a/m", RedisForm.SENTINEL, (("a", 26379),), "rediss+sentinel://a:26379/m/0"),
        ("redis+cluster://a:1,b:2", RedisForm.CLUSTER, (("a", 1), ("b", 2)), "redis+cluster://a:1,b:2"),
    ],
)
def test_each_form_is_read(url: str, form: RedisForm, hosts: tuple[tuple[str, int], ...], shown: str) -> None:
    server = read_redis_url(url)

    assert (server.form, server.hosts, server.shown) == (form, hosts, shown)
    assert server.tls == url.startswith("rediss")


def test_credentials_are_decoded_and_have_no_repr() -> None:
    server = read_redis_url("redis+sentinel://us%65r:p%40s%2Fs%23%3A@h/m?sentinel_password=a%26b&client_name=me")

    assert (server.username, server.password, server.sentinel_password) == ("user", "p@s/s#:", "a&b")
    assert server.client_name == "me"
    assert not any(secret in repr(server) + server.shown for secret in ("user", "p@s/s#:", "a&b"))


def test_a_password_may_have_what_moves_no_border() -> None:
    assert read_redis_url("redis://:a:b@c@host:1/0").password == "a:b@c"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p@ss/w#rd:1@host",
        "redis://:p@ss/hunter@host:6379/0",
        "redis://:pa/sshunter@host",
        "redis://:pa?sshunter@host",
        "redis://:12/34@host/0",
        "rediss://user:hunter#1@host:6379",
        "redis+sentinel://:pa/ss@a,b/hunter/0",
        "redis+sentinel://:p,ss/hunter",
        "redis+cluster://:hunter/ss@a:1",
        "unix://:hunter/ss@/run/redis.sock#",
        "http://:hunter@host",
        "hunter",
        "redis://",
        "redis://host:99999/0",
        "redis://host:hunter/0",
        "redis://a,b/0",
        "redis://host/hunter",
        "redis://host/0?password=hunter",
        "redis+sentinel://a,b",
        "redis+cluster://a/7",
        "redis+cluster://a?db=7",
    ],
)
def test_what_cannot_be_read_is_said_without_a_piece_of_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"percent-encoded|group of servers|a database|an option") as raised:
        read_redis_url(url)

    said = str(raised.value)
    assert not any(piece in said for piece in ("p@ss", "w#rd", " ss", "hunter", "34"))
    assert raised.value.__cause__ is None
