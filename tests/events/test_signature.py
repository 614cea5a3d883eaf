"""What the official client signs is believed, and nothing else: not with another secret, body, time or scheme."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from stripe import SignatureVerificationError, WebhookSignature

from forebay.events.errors import BadSignature, SignatureRule
from forebay.events.signature import TOLERANCE_S, verify

NOW = 1_795_000_000
BODY = '{"id": "evt_1", "type": "v2.data.query_run.succeeded", "note": "Zoë"}'
SECRET, OTHER = "whsec_ours", "whsec_other"


def signed(body: str = BODY, secret: str = SECRET, at: int = NOW) -> str:
    """The header as the official client makes it."""
    header: str = WebhookSignature.generate_signature_header(body, secret, at)
    return header


def broken(
    headers: Sequence[str], *, body: bytes = BODY.encode(), secrets: Sequence[str] = (SECRET,), now: float = NOW
) -> SignatureRule | None:
    """The rule that is broken; None if it is believed."""
    try:
        verify(body, headers, [SecretStr(secret) for secret in secrets], now)
    except BadSignature as refusal:
        return refusal.rule
    return None


def test_what_the_official_client_signs_is_believed() -> None:
    assert broken([signed()]) is None


@pytest.mark.parametrize("body", [BODY + " ", BODY.replace("evt_1", "evt_2"), "", BODY.replace(": ", ":")])
def test_another_body_is_not_even_by_a_blank(body: str) -> None:
    assert broken([signed()], body=body.encode()) is SignatureRule.SIGNED


def test_a_body_that_is_no_text_can_be_refused_and_believed_all_the_same() -> None:
    assert broken([signed()], body=b"\xff\xfe") is SignatureRule.SIGNED


@pytest.mark.parametrize("secrets", [(SECRET, OTHER), (OTHER, SECRET)])
def test_while_a_secret_is_rolled_either_of_ours_and_any_of_theirs_will_do(secrets: tuple[str, ...]) -> None:
    old, new = signed(), signed(secret=OTHER).partition(",")[2]

    assert broken([signed()], secrets=secrets) is None
    assert broken([signed(secret=OTHER)], secrets=secrets) is None
    for theirs in (f"{old},{new}", f"t={NOW},{new},{old.partition(',')[2]}", f"{old},v0=5f00,v2=,{new}"):
        assert broken([theirs], secrets=secrets) is None
        assert broken([theirs], secrets=[secrets[0]]) is None


def test_without_a_secret_of_ours_nothing_is_believed() -> None:
    assert broken([signed(secret=OTHER)]) is SignatureRule.SIGNED
    assert broken([signed()], secrets=()) is SignatureRule.SIGNED
    assert broken([signed(secret=SECRET[:-1])]) is SignatureRule.SIGNED


def test_a_blank_secret_is_a_bug_of_the_caller_and_opens_no_door() -> None:
    with pytest.raises(ValueError, match="blank"):
        verify(BODY.encode(), [signed(secret="")], [SecretStr("")], NOW)


def test_a_refusal_holds_no_secret_and_no_signature() -> None:
    with pytest.raises(BadSignature) as refusal:
        verify(b"", [signed()], [SecretStr(SECRET)], NOW)

    assert SECRET not in str(refusal.value) and signed().rpartition("=")[2] not in str(refusal.value)


@pytest.mark.parametrize(
    ("age_s", "rule"),
    [
        (TOLERANCE_S, None),
        (TOLERANCE_S + 1, SignatureRule.NOT_OLD),
        (86_400, SignatureRule.NOT_OLD),
        (-TOLERANCE_S, None),
        (-TOLERANCE_S - 1, SignatureRule.NOT_AHEAD),
        (-31_536_000, SignatureRule.NOT_AHEAD),
    ],
)
def test_what_was_signed_is_believed_for_five_minutes_both_ways(age_s: int, rule: SignatureRule | None) -> None:
    assert broken([signed()], now=NOW + age_s) is rule


def test_a_forgery_learns_nothing_of_our_clock() -> None:
    assert broken([signed(secret=OTHER, at=NOW - 86_400)]) is SignatureRule.SIGNED


@pytest.mark.parametrize("at", [NOW + 60, NOW - 60])
def test_the_time_is_signed_too(at: int) -> None:
    assert broken([signed().replace(str(NOW), str(at))]) is SignatureRule.SIGNED


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [signed(), signed()],
        [""],
        ["v1=" + "0" * 64],
        [signed().replace(f"t={NOW}", "t=")],
        [signed().replace(f"t={NOW}", "t=now")],
        [signed().replace(f"t={NOW}", "t=-1")],
        [signed().replace(f"t={NOW}", f"t={NOW}_0")],
        [signed().replace(f"t={NOW}", "t=" + "9" * 400)],
        [f"t={NOW - 1},{signed()}"],
        [signed() + ",v1=" + "0" * 4_096],
    ],
)
def test_a_header_that_is_missing_doubled_cut_or_endless_is_refused(headers: list[str]) -> None:
    assert broken(headers) is SignatureRule.ONE_HEADER


@pytest.mark.parametrize("scheme", ["v0", "v2", "V1", " v1", ""])
def test_only_the_scheme_v1_proves_something(scheme: str) -> None:
    assert broken([signed().replace("v1", scheme)]) is SignatureRule.SIGNED


@pytest.mark.parametrize("value", ["", "0" * 64, "é" * 64, "\udcff", signed().rpartition("=")[2].upper()])
def test_what_is_no_signature_at_all_matches_none(value: str) -> None:
    assert broken([f"t={NOW},v1={value}"]) is SignatureRule.SIGNED


T, V1 = signed().split(",")
PARTS = [
    T,
    V1,
    f"t={NOW - 1}",
    "t=",
    "v1=",
    "v1=" + "0" * 64,
    V1.replace("v1", "v0"),
    "",
    "=",
    f" {V1}",
    f"{V1}=",
    "v1",
]


@given(st.lists(st.sampled_from(PARTS), max_size=5))
@example([T, "v1", V1])
@example([V1, T])
def test_whatever_header_we_believe_has_our_time_and_our_signature(parts: list[str]) -> None:
    believed = T in parts and V1 in parts and not {f"t={NOW - 1}", "t="} & set(parts) and parts.count(T) == 1

    assert (broken([",".join(parts)]) is None) == believed


def test_the_official_client_refuses_what_we_call_wrong() -> None:
    with pytest.raises(SignatureVerificationError):
        WebhookSignature.verify_header(BODY, signed(secret=OTHER), SECRET)
