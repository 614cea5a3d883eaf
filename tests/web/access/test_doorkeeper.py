"""Who asks is known by a proxy that we trust, a password or a token; by nothing else, and never by a wrong one."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from forebay.config.document.web_access import Hidden, Role, TrustedProxy, WebAccess, WebToken, WebUser
from forebay.web.access.doorkeeper import Doorkeeper
from forebay.web.access.identity import Identity, KnownBy
from forebay.web.access.passwords import hash_password, hash_token
from forebay.web.errors import NotKnown, NotLetIn

PROXY = TrustedProxy(
    header="X-Forwarded-Email",
    peers=["10.0.0.7", "fd00::/8"],
    roles={
        Role.ADMIN: ["ana@example.com"],
        Role.OPERATOR: ["@finance.example.com"],
        Role.VIEWER: ["@example.com", "kiosk"],
    },
)
BEN = WebUser(password=hash_password("correct horse"), role=Role.OPERATOR)
TOKEN = WebToken(sha256=hash_token("fbweb_1"), role=Role.OPERATOR, expires=date(2026, 11, 30))
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def keeper(access: WebAccess, *, here: str | None = None, now: datetime = NOON) -> Doorkeeper:
    return Doorkeeper(access, here=here, now=lambda: now, monotonic_s=lambda: 0.0)


def by_proxy(peer: str, *names: str) -> Identity:
    headers = Headers(raw=[(b"x-forwarded-email", name.encode()) for name in names])
    return keeper(WebAccess(proxy=PROXY)).who(headers, peer)


def basic(name: str, password: str) -> Headers:
    return Headers({"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()})


def test_on_this_machine_everybody_may_do_all_as_with_commands() -> None:
    who = keeper(WebAccess(), here="ana").who(Headers(), "127.0.0.1")

    assert (who.name, who.role, who.known_by) == ("ana", Role.ADMIN, KnownBy.HERE)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_what_comes_by_a_proxy_is_not_of_this_machine(header: str) -> None:
    with pytest.raises(NotKnown, match="FOREBAY_WEB_ACCESS"):
        keeper(WebAccess(), here="ana").who(Headers({header: "203.0.113.5"}), "127.0.0.1")


def test_where_somebody_is_asked_who_he_is_nobody_is_let_in_for_being_here() -> None:
    with pytest.raises(NotKnown):
        keeper(WebAccess(users={"ben": BEN}), here="ana").who(Headers(), "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("ana@example.com", Role.ADMIN),
        ("ANA@Example.com", Role.ADMIN),
        ("eve@finance.example.com", Role.OPERATOR),
        ("ben@example.com", Role.VIEWER),
        ("kiosk", Role.VIEWER),
    ],
)
def test_the_highest_role_that_a_name_or_its_domain_has_counts(name: str, role: Role) -> None:
    assert by_proxy("10.0.0.7", name).role is role
    assert by_proxy("fd00::1", name).role is role


@pytest.mark.parametrize(
    "name", ["ana@evil-example.com", "example.com", "x@example.com.evil.org", "@example.com@evil.org"]
)
def test_a_name_that_only_looks_like_one_has_no_role(name: str) -> None:
    with pytest.raises(NotLetIn, match="has no role"):
        by_proxy("10.0.0.7", name)


def test_a_proxy_is_the_same_where_ipv6_is_listened_on() -> None:
    """As a socket on `::` names who comes by IPv4."""
    assert by_proxy("::ffff:10.0.0.7", "kiosk").role is Role.VIEWER
    with pytest.raises(NotKnown):
        by_proxy("::ffff:10.0.0.8", "kiosk")


@given(st.ip_addresses().filter(lambda each: str(each) != "10.0.0.7" and not str(each).startswith("fd")))
def test_a_header_of_anybody_but_the_proxy_says_nothing(peer: object) -> None:
    with pytest.raises(NotKnown):
        by_proxy(str(peer), "ana@example.com")


@pytest.mark.parametrize("names", [(), ("",), ("ana@example.com", "ben@example.com")])
def test_a_proxy_that_says_nothing_or_two_things_says_nothing(names: tuple[str, ...]) -> None:
    with pytest.raises(NotKnown):
        by_proxy("10.0.0.7", *names)


def test_a_password_that_fits_is_let_in_and_one_that_does_not_is_not() -> None:
    ours = keeper(WebAccess(users={"ben": BEN}))

    assert ours.who(basic("ben", "correct horse"), "203.0.113.5").role is Role.OPERATOR
    assert ours.who(basic("ben", "correct horse"), "203.0.113.5").name == "ben", "a second time, from memory"
    for headers in (basic("ben", "wrong"), basic("eve", "correct horse"), basic("ben", ""), basic("", "")):
        with pytest.raises(NotKnown, match="this name with this password is not known"):
            ours.who(headers, "203.0.113.5")


@given(st.text(max_size=60))
def test_whatever_stands_in_the_header_is_refused_in_words(text: str) -> None:
    ours = keeper(WebAccess(tokens={"airflow": TOKEN}))
    raw = text.encode("utf-8").decode("latin-1")

    for kind in ("Basic ", "Bearer ", "", "Negotiate "):
        with pytest.raises(NotKnown):
            ours.who(Headers(raw=[(b"authorization", (kind + raw).encode("latin-1"))]), None)


def test_a_token_counts_up_to_its_last_day() -> None:
    headers = Headers({"authorization": "Bearer fbweb_1"})
    access = WebAccess(tokens={"other": TOKEN.model_copy(update={"sha256": hash_token("x")}), "airflow": TOKEN})

    who = keeper(access, now=datetime(2026, 11, 30, 23, 59, tzinfo=UTC)).who(headers, None)
    assert (who.name, who.known_by) == ("airflow", KnownBy.TOKEN)
    with pytest.raises(NotKnown, match="airflow expired on 2026-11-30"):
        keeper(access, now=datetime(2026, 12, 1, tzinfo=UTC)).who(headers, None)
    with pytest.raises(NotKnown, match="not known"):
        keeper(access).who(Headers({"authorization": "Bearer fbweb_2"}), None)


def test_only_from_viewers_something_is_hidden() -> None:
    access = WebAccess(proxy=PROXY, hide=[Hidden.SQL])
    seen = {
        name: keeper(access).who(Headers({"x-forwarded-email": name}), "10.0.0.7").hidden
        for name in ("ana@example.com", "x@finance.example.com", "x@example.com")
    }

    assert list(seen.values()) == [frozenset(), frozenset(), {Hidden.SQL}]
