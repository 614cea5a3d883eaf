"""Reads the policies of docs/least-rights.md, which is where they are."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.source import ROOT

PAGE = (ROOT / "docs/least-rights.md").read_text("utf-8")


def policy(service: str) -> Any:
    """The IAM policy of that service."""
    (found,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.S) if f'"{service}:' in block]
    return json.loads(found)


def redis_user(password: str) -> str:
    """The line of an ACL file that makes the user."""
    (found,) = re.findall(r"```redis-acl\n(.*?)```", PAGE, re.S)
    return " ".join(found.split()).replace("PASSWORD", password)


def actions(of: Any) -> set[str]:
    return {action for statement in of["Statement"] for action in statement["Action"]}


def without(action: str, of: Any) -> Any:
    """The policy with one action less."""
    statements = [{**each, "Action": [name for name in each["Action"] if name != action]} for each in of["Statement"]]
    return {**of, "Statement": [each for each in statements if each["Action"]]}
