"""What leads nowhere in a built site is found, by page and link."""

from pathlib import Path

from tests.docs.built_site import broken


def test_links_pictures_and_anchors_that_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h2 id="one"></h2><a href="b.html#two">b</a><a href="#one">here</a><img src="x.png">'
    )
    (tmp_path / "b.html").write_text(
        '<h2 id="two"></h2><a href="/a.html#three">a</a><a href="https://docs.stripe.com">s</a>'
    )

    assert [*broken(tmp_path)] == ["a.html → x.png", "b.html → /a.html#three"]


def test_what_is_loaded_from_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="x"></p><script src="https://cdn.example.com/a.js"></script>')

    assert [*broken(tmp_path)] == ["a.html loads https://cdn.example.com/a.js"]
