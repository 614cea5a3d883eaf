"""Of a part that has pieces those are sent that have changed, and all of it where more has."""

from hypothesis import given
from hypothesis import strategies as st

from forebay.web.page.pieces import changed_pieces

HTML = st.text(alphabet="ab<>\n ")


def part(around: str, **pieces: str) -> str:
    return around + "".join(
        f'<div id="piece-{name}"><!--[{name}-->{html}<!--]--></div>' for name, html in pieces.items()
    )


def test_what_has_not_changed_is_not_sent() -> None:
    assert changed_pieces(part("x", a="1", b="2"), part("x", a="1", b="3")) == {"b": "3"}
    assert changed_pieces(part("x", a="1"), part("x", a="1")) == {}


def test_what_is_around_them_and_how_many_there_are_changes_all() -> None:
    assert changed_pieces(part("x", a="1"), part("y", a="1")) is None
    assert changed_pieces(part("x", a="1"), part("x", a="1", b="2")) is None
    assert changed_pieces(part("x", a="1"), part("x", b="1")) is None
    assert changed_pieces("plain", "other") is None


@given(HTML, HTML, HTML, HTML)
def test_what_is_sent_makes_of_the_old_one_the_new_one(around: str, other: str, old: str, new: str) -> None:
    before, after = part(around, a=old, b="2"), part(other, a=new, b="2")

    pieces = changed_pieces(before, after)

    if pieces is not None:
        assert part(around, **{"a": old, "b": "2", **pieces}) == after
