import json

import pytest

from forebay.config.read_json import read_json


def test_a_value_is_read() -> None:
    assert read_json('{"a": [1]}') == {"a": [1]}
    assert read_json(b"[null]") == [None]


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, b"[" * 200_000, "[1", "", "nul"])
def test_what_is_none_is_one_kind_of_error(text: str | bytes) -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        read_json(text)

    assert raised.value.__cause__ is None


def test_bytes_that_are_no_text_are_a_value_error() -> None:
    with pytest.raises(ValueError):
        read_json(b"\xff\xfe\xff")
