"""A file's name changes with its bytes, so it is kept for ever; all that a page names is there."""

import re

from forebay.web.page.rendering import TEMPLATES
from forebay.web.page.static_files import FOLDER, StaticFiles
from tests.web.page_served import Told, page_served


def test_each_file_is_served_under_its_hash_and_kept() -> None:
    files = StaticFiles()
    with page_served(Told()) as client:
        for path in FOLDER.iterdir():
            answer = client.get(files.path_of(path.name))

            assert (answer.status_code, answer.content) == (200, path.read_bytes())
            assert "immutable" in answer.headers["cache-control"]


def test_one_of_another_release_is_served_and_not_kept() -> None:
    with page_served(Told()) as client:
        answer = client.get("/static/0123456789abcdef/page.css")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert client.get("/static/0123456789abcdef/nothing.css").status_code == 404
        assert client.get("/static/x/%2e%2e/static_files.py").status_code == 404


def test_templates_have_no_inline_script_or_style_which_the_policy_would_stop() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:|\| *safe", text), path.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path.name
        assert not re.search(r"(?:src|href)=\"https?:", text), path.name


def test_nothing_of_other_sites_is_loaded() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text, path.name
        assert "eval(" not in text and "@import" not in text, path.name
