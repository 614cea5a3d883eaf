"""The access file says who may do what; what it may not say is one sentence with its line, which quotes no secret."""

from pathlib import Path

import pytest

from forebay.config.document.web_access import Hidden, Role, load_web_access
from forebay.config.errors import ConfigError

WHOLE = """
hosts: [forebay.example.com]
proxy:
  header: X-Forwarded-Email
  peers: [10.0.0.7, 10.1.0.0/16]
  roles:
    admin: [ana@example.com]
    viewer: ["@example.com"]
users:
  ben: {password: scrypt$16384$8$1$00112233445566778899aabbccddeeff$SCRYPT, role: operator}
tokens:
  airflow: {sha256: SHA256, role: operator, expires: 2027-06-30}
hide: [sql, urls]
""".replace("SCRYPT", "0" * 64).replace("SHA256", "a" * 64)


def test_it_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(WHOLE)

    access = load_web_access(tmp_path / "access.yaml")

    assert access.asks
    assert access.proxy and access.proxy.role_of("ana@example.com") is Role.ADMIN
    assert (access.users["ben"].role, access.tokens["airflow"].expires.year) == (Role.OPERATOR, 2027)
    assert access.hide == [Hidden.SQL, Hidden.URLS]


def test_an_empty_one_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text("")

    assert not load_web_access(tmp_path / "access.yaml").asks


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("10.1.0.0/16", "10.1.0.0/99", "line 5: proxy.peers: "),
        ("role: operator, expires", "role: boss, expires", "line 12: tokens.airflow.role: "),
        (
            "scrypt$16384",
            "hunter2$16384",
            "line 10: users.ben.password: is no hash of a password; `forebay web --new-p",
        ),
        ("scrypt$16384", "scrypt$16383", "line 10: users.ben.password: is no hash of a password; "),
        ("$8$1$", "$0$1$", "line 10: users.ben.password: is no hash of a password; "),
        ("$00112233", "$000112233", "line 10: users.ben.password: is no hash of a password; "),
        ("hide: [sql, urls]", "hid: [sql]", "line 13: "),
        ("2027-06-30", "soon", "line 12: tokens.airflow.expires: "),
        ("X-Forwarded-Email", "X Forwarded", "line 4: proxy.header: "),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    (tmp_path / "access.yaml").write_text(WHOLE.replace(before, after))

    with pytest.raises(ConfigError) as error:
        load_web_access(tmp_path / "access.yaml")

    assert said in str(error.value)
    assert "hunter2" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"FOREBAY_WEB_ACCESS .*access\.yaml cannot be read: No such file"):
        load_web_access(tmp_path / "access.yaml")
