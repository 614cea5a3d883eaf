"""Follows every link and every picture of the built site to a file and an anchor that are there: `make docs` calls it.

    python -m tests.docs.built_site

Ends with 1, and names what leads nowhere. What pages load from elsewhere is named, too: a site that is read behind a
closed network has to be whole.
"""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.source import ROOT

SITE = ROOT / "build/site"
_LOADED = {("script", "src"), ("link", "href"), ("img", "src")}


class _Document(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        for name in ("src", "href"):
            if (tag, name) in _LOADED and name in said and said.get("rel") != "canonical":
                self.loaded.append(said[name])


def broken(site: Path = SITE) -> Iterator[str]:
    """Says of each page what leads nowhere."""
    documents = {path: _Document(path) for path in sorted(site.rglob("*.html"))}
    for path, document in documents.items():
        for link in (*document.links, *document.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in document.loaded:
                    yield f"{path.relative_to(site)} loads {link}"
                continue
            base = site if parts.path.startswith("/") else path.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            anchors = documents[target].anchors if target in documents else set()
            if not target.is_file() or (parts.fragment and anchors and unquote(parts.fragment) not in anchors):
                yield f"{path.relative_to(site)} → {link}"


def main() -> int:
    """Prints what is wrong, and how much was looked at."""
    wrong, pages = [*broken()], len([*SITE.rglob("*.html")])
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{pages} pages in {SITE.relative_to(ROOT)}, {len(wrong)} links that lead nowhere\n")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
