"""The models of all operations as JSON schemas."""

from collections.abc import Iterable
from itertools import chain
from typing import TypeAlias

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from entrypoints.http.operations import Operation
from entrypoints.http.schema_notes import Schema, describe_fields, example_of
from entrypoints.http.schemas.errors import Error

_ModelUse: TypeAlias = tuple[type[BaseModel], JsonSchemaMode]


class Schemas:
    """`components`, and references to them with an example of each."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        uses = dict.fromkeys(chain([_answer_use(Error)], *map(_models_of, operations)))
        self._references, definitions = models_json_schema(list(uses), ref_template="#/components/schemas/{model}")
        self.components: dict[str, Schema] = definitions.get("$defs", {})
        describe_fields(self.components)

    def of_request(self, model: type[BaseModel]) -> Schema:
        return self._references[(model, "validation")]

    def of_answer(self, model: type[BaseModel]) -> Schema:
        return self._references[_answer_use(model)]

    def example_of(self, schema: Schema) -> JsonValue:
        return example_of(schema, self.components)

    def description_of(self, schema: Schema) -> str:
        """What the model of a reference says of itself."""
        name = str(schema["$ref"]).rpartition("/")[2]
        return str(self.components[name].get("description", ""))


def _answer_use(model: type[BaseModel]) -> _ModelUse:
    return model, "serialization"


def _models_of(operation: Operation) -> Iterable[_ModelUse]:
    if operation.body:
        yield operation.body, "validation"
    for answer in operation.answers:
        for model in (*answer.content.values(), *answer.events.values()):
            if model:
                yield _answer_use(model)
