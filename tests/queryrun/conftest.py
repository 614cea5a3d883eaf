from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode

#: What must never be seen outside the Authorization header.
KEY = "sk_test_51NeverToBeSeen"


def make_connection(**given: Any) -> Connection:
    secret = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr(KEY))
    return Connection(**{"name": "acme", "mode": Mode.TEST, "secret": secret, "cap": 100} | given)


@pytest.fixture
def connection() -> Connection:
    return make_connection()
