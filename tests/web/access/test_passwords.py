"""Of passwords and tokens only what they come to is kept, and only they fit it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.config.document.web_access import Role, WebUser
from forebay.web.access.passwords import hash_password, hash_token, new_token, password_fits


@settings(max_examples=5)
@given(st.text(), st.text())
def test_a_password_fits_its_own_hash_and_no_other(password: str, other: str) -> None:
    kept = hash_password(password)

    assert password_fits(password, kept)
    assert password_fits(other, kept) is (other == password)
    assert WebUser(password=kept, role=Role.VIEWER)


def test_the_same_password_is_kept_otherwise_each_time() -> None:
    assert hash_password("x") != hash_password("x")


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len({hash_token(token) for token in tokens}) == 100
    assert all(token.startswith("fbweb_") and len(token) > 45 for token in tokens)
