"""Writes the OpenAPI document of the API: of the operations that its routes are made of.

It is served at `/api/v1/openapi.json`, and kept as docs/openapi.json, which a test compares:

    python -m forebay.web.api.openapi_document > docs/openapi.json
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from forebay.web.api.answers.answer import ProblemAnswer
from forebay.web.api.operations.api_operation import ApiOperation
from forebay.web.api.operations.operations import OPERATIONS
from forebay.web.api.operations.query_parameters import IN_PATHS, Parameter
from forebay.web.api.readings import Facts

PREFIX = "/api/v1"
_REF = "#/components/schemas/{model}"
_ABOUT = (
    "What `forebay web` reads and does, for programs. Fields may be added to answers at any time. docs/http-api.md "
    "says more."
)
#: What may go wrong with each request, and with one that has a body.
_PROBLEMS = (400, 401, 403, 404, 409, 421, 503)
_PROBLEMS_OF_BODIES = (413,)
#: In our words: those of Python differ by its version.
_MEANINGS = {
    200: "done, or there",
    201: "it is new",
    400: "it cannot be understood, or cannot be",
    401: "who asks is not known",
    403: "who asks may not",
    404: "nothing is there by that name",
    409: "it cannot be done as things are",
    413: "the body is longer than is read",
    421: "this is not called by that name",
    503: "Redis, the ledger or the destination does not answer: try again",
}
_IN_BRACES = re.compile(r"{(\w+)}")


@cache
def openapi_document() -> Facts:
    """Makes the document."""
    paths: dict[str, Facts] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    models: list[type[BaseModel]] = [ProblemAnswer]
    for operation in OPERATIONS:
        models += [*operation.answers, *operation.forms]
    _, schemas = models_json_schema([(each, "validation") for each in dict.fromkeys(models)], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Forebay", "version": "v1", "description": _ABOUT},
        "servers": [{"url": PREFIX}],
        "security": [{}, {"token": []}, {"password": []}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`forebay web --new-token` makes one"},
                "password": {"type": "http", "scheme": "basic"},
            },
            "schemas": schemas["$defs"],
        },
    }


def _operation(operation: ApiOperation) -> Facts:
    in_path = [IN_PATHS[name] for name in _IN_BRACES.findall(operation.path)]
    parameters = [*(_parameter(each, "path") for each in in_path)]
    parameters += [_parameter(each, "query") for each in operation.parameters]
    problems = (*_PROBLEMS, *(_PROBLEMS_OF_BODIES if operation.forms else ()))
    body = {"required": _needs_a_body(operation), "content": _json("application/json", operation.forms)}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"For whoever has the role {operation.role}, at least.",
        "parameters": parameters,
        **({"requestBody": body} if operation.forms else {}),
        "responses": {
            **{str(status): _response(status, "application/json", operation.answers) for status in operation.statuses},
            **{str(status): _response(status, "application/problem+json", [ProblemAnswer]) for status in problems},
        },
    }


def _needs_a_body(operation: ApiOperation) -> bool:
    return all(any(field.is_required() for field in form.model_fields.values()) for form in operation.forms)


def _parameter(parameter: Parameter, place: str) -> Facts:
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.text,
        "schema": parameter.schema,
    }


def _response(status: int, kind: str, models: Sequence[type[BaseModel]]) -> Facts:
    return {"description": _MEANINGS[status], "content": _json(kind, models)}


def _json(kind: str, models: Sequence[type[BaseModel]]) -> Facts:
    schemas = [{"$ref": _REF.format(model=each.__name__)} for each in models]
    return {kind: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(openapi_document(), indent=1) + "\n")
