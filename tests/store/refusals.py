"""Answers in the place of S3 where it refuses, which the server of the tests never does by itself."""

from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from forebay.store.object_options import ObjectOptions


def answer(status: int, code: str = "", headers: dict[str, str] | None = None, *, message: str = "m") -> AWSResponse:
    """Makes an answer with this code of S3's; without one, with no body, as a HEAD has."""
    response = AWSResponse("http://test", status, headers or {}, None)
    response._content = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode() if code else b""
    return response


def refuse_puts_with(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has puts that have this header refused, as AccessDenied without another word, to each client that is made now."""
    provide = ObjectOptions.provide_to

    def provide_and_refuse(self: ObjectOptions, client: Any) -> None:
        provide(self, client)

        def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
            return answer(403, "AccessDenied") if header in map(str.lower, request.headers) else None

        client.meta.events.register("before-send.s3.PutObject", refuse)

    monkeypatch.setattr(ObjectOptions, "provide_to", provide_and_refuse)
