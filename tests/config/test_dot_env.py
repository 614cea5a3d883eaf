from pathlib import Path

import pytest

from forebay.config.dot_env import read_dot_env
from forebay.config.errors import ConfigError

SECRET = "rk_live_of_the_folder"


def test_a_folder_without_the_file_has_no_variables(tmp_path: Path) -> None:
    assert read_dot_env(tmp_path / ".env") == {}


def test_comments_quotes_and_export_are_read_as_shells_do(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\n\nexport A=1\nB='x y'  # why\nC=\"two\nlines\"\nD\nE=\n")

    assert read_dot_env(tmp_path / ".env") == {"A": "1", "B": "x y", "C": "two\nlines", "D": None, "E": ""}


@pytest.mark.parametrize("text", [f'A=1\n\nKEY="{SECRET}\nB=2\n', f"A=1\n\n= {SECRET}\n", f"A=1\n\nKEY='{SECRET}\n"])
def test_what_is_no_variable_is_refused_by_its_line_and_not_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_text(text)

    with pytest.raises(ConfigError) as refused:
        read_dot_env(tmp_path / ".env")

    assert str(refused.value) == f"{tmp_path}/.env, line 3: this is no NAME=value, or a quote in it is never closed"


def test_a_file_that_is_no_text_is_refused_and_its_bytes_go_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"KEY=" + SECRET.encode() + b"\xff")

    with pytest.raises(ConfigError, match="it is not UTF-8 text") as refused:
        read_dot_env(tmp_path / ".env")

    assert refused.value.__cause__ is None
