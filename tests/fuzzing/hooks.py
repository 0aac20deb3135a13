"""Loaded by schemathesis: the examples of the document speak of a model that the demo server does not have."""

import schemathesis

from tests.http.bench import Json

EXAMPLE_MODEL = "qwen3:8b"
MODEL = "demo"


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Json) -> Json:
    return {**body, "model": MODEL} if isinstance(body, dict) and body.get("model") == EXAMPLE_MODEL else body


@schemathesis.hook
def map_path_parameters(_context: schemathesis.HookContext, parameters: Json) -> Json:
    if isinstance(parameters, dict) and parameters.get("model_name") == EXAMPLE_MODEL:
        return {**parameters, "model_name": MODEL}
    return parameters
