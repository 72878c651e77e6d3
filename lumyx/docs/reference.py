"""The API reference, read from our own OpenAPI document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.openapi.schema import document
from lumyx.docs.filling import Values, fill
from lumyx.docs.rendering import Fence

Json = dict[str, Any]
EXAMPLES: dict[str, Json] = json.loads((Path(__file__).parent / "examples.json").read_text())
"""For each operation a body that works, and an answer to it; a test compares it with real ones."""
PREFIX = "#/components/schemas/"
API = "/api"
SUCCESS = "200"
PLURALS = {"string": "strings", "object": "objects", "integer": "integers", "number": "numbers"}


@dataclass(frozen=True)
class Field:
    """A field, parameter or header: what it may be, and the fields inside it."""

    name: str
    kind: str
    required: bool
    description: str
    allowed: tuple[str, ...]
    bounds: tuple[str, ...]
    children: tuple["Field", ...]

    def words(self) -> Iterator[str]:
        """Give what a search may find it by."""
        yield from (self.name, self.description, *self.allowed)
        for child in self.children:
            yield from child.words()


@dataclass(frozen=True)
class Refusal:
    """A status that is not a success."""

    status: str
    description: str


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    parameters: tuple[Field, ...]
    takes: tuple[Field, ...]
    gives: tuple[Field, ...]
    headers: tuple[Field, ...]
    streams: bool
    refusals: tuple[Refusal, ...]
    error: tuple[Field, ...]

    def words(self) -> Iterator[str]:
        """Give what a search may find it by."""
        for field in (*self.parameters, *self.takes, *self.gives):
            yield from field.words()

    @property
    def anthropic(self) -> bool:
        """Return whether it speaks Anthropic's dialect."""
        return self.tag == "Anthropic"

    def curl(self, values: Values) -> Fence:
        """Return a call that works as it is pasted."""
        example = EXAMPLES[self.id]
        path = self.path.replace("{name}", values.model).replace("{public_id}", "$REQUEST_ID")
        url = f"{values.base}{path}{example.get('query', '')}"
        key = "x-api-key: $" if self.anthropic else "Authorization: Bearer $"
        lines = [f'curl "{url}"', f'-H "{key}LUMYX_API_KEY"']
        if self.anthropic:
            lines.append('-H "anthropic-version: 2023-06-01"')
        if "request" in example:
            body = fill(json.dumps(example["request"], indent=2), values).replace("\n", "\n    ")
            lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
        return Fence("bash", "curl", (self.id,), " \\\n  ".join(lines))

    def answer(self, values: Values) -> Fence:
        """Return an answer to that call."""
        text = fill(json.dumps(EXAMPLES[self.id]["answer"], indent=2), values)
        return Fence("json", "Answer", ("output",), text)


@dataclass(frozen=True)
class Group:
    """Operations that belong together."""

    title: str
    anchor: str
    operations: tuple[Operation, ...]


@cache
def groups() -> tuple[Group, ...]:
    """Return every operation of the document, by its tag."""
    found: dict[str, list[Operation]] = {"OpenAI": [], "Anthropic": [], "Models": [], "Account": []}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            read = _operation(path.removeprefix(API), method, operation)
            found.setdefault(read.tag, []).append(read)
    return tuple(
        Group(tag, f"{tag.lower()}-endpoints", tuple(_ordered(of))) for tag, of in found.items()
    )


def _ordered(operations: list[Operation]) -> list[Operation]:
    # What people come for first comes first.
    first = list(EXAMPLES)
    return sorted(operations, key=lambda one: first.index(one.id))


def _operation(path: str, method: str, operation: Json) -> Operation:
    answers = operation["responses"]
    success = answers[SUCCESS]
    refusals = {status: answer for status, answer in answers.items() if status != SUCCESS}
    body = operation.get("requestBody")
    refused = next(iter(refusals.values()))
    return Operation(
        id=operation["operationId"],
        tag=operation["tags"][0],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        parameters=tuple(_parameter(given) for given in operation.get("parameters", ())),
        takes=() if body is None else _fields(_schema_of(body)),
        gives=_fields(_schema_of(success)),
        headers=tuple(
            _field(name, header["schema"], needed=False, said=header.get("description", ""))
            for name, header in success["headers"].items()
        ),
        streams="text/event-stream" in success["content"],
        refusals=tuple(
            Refusal(status, answer["description"]) for status, answer in refusals.items()
        ),
        error=_fields(_schema_of(refused)),
    )


def _schema_of(message: Json) -> Json:
    schema: Json = message["content"]["application/json"]["schema"]
    return schema


def _parameter(given: Json) -> Field:
    found = _field(
        given["name"],
        given["schema"],
        needed=given.get("required", False),
        said=given.get("description", ""),
    )
    return Field(**(vars(found) | {"kind": f"{found.kind}, in the {given['in']}"}))


def _field(
    name: str, schema: Json, *, needed: bool, said: str = "", within: tuple[str, ...] = ()
) -> Field:
    found, names = _resolved(schema, within)
    return Field(
        name=name,
        kind=_kind(schema, within),
        required=needed,
        description=said or schema.get("description") or found.get("description", ""),
        allowed=tuple(str(value) for value in found.get("enum", ())),
        bounds=tuple(_bounds(found)),
        children=_fields(schema, within=names),
    )


def _fields(schema: Json, *, within: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """Return the fields of an object, of a list's items, or of one of several choices."""
    found, names = _resolved(schema, within)
    if names.count(names[-1] if names else "") > 1:
        # The schema leads back to itself: its fields stand further up.
        return ()
    for choice in found.get("oneOf", ()):
        if inside := _fields(choice, within=names):
            return inside
    if found.get("type") == "array":
        return _fields(found["items"], within=names)
    needed = found.get("required", ())
    return tuple(
        _field(name, inner, needed=name in needed, within=names)
        for name, inner in found.get("properties", {}).items()
    )


def _resolved(schema: Json, within: tuple[str, ...]) -> tuple[Json, tuple[str, ...]]:
    """Follow references; return the schema, and the names that led to it."""
    while "$ref" in schema or "allOf" in schema:
        if "allOf" in schema:
            schema = {**schema["allOf"][0], "nullable": schema.get("nullable", False)}
            continue
        name = schema["$ref"].removeprefix(PREFIX)
        if name in within:
            return {"type": "object", "description": f"As {name} above."}, (*within, name)
        within = (*within, name)
        schema = document()["components"]["schemas"][name]
    return schema, within


def _kind(schema: Json, within: tuple[str, ...]) -> str:
    nullable = " or null" if schema.get("nullable") else ""
    found, _ = _resolved(schema, within)
    if "oneOf" in found:
        return " or ".join(_kind(choice, within) for choice in found["oneOf"]) + nullable
    kind = str(found.get("type", "anything"))
    if kind == "array":
        inner = _kind(found["items"], within)
        kind = f"list of {PLURALS.get(inner, inner)}"
    elif kind == "string" and found.get("format"):
        kind = str(found["format"])
    return kind + nullable


def _bounds(schema: Json) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        yield f"{least:,} to {most:,}"
    elif least is not None:
        yield f"at least {least:,}"
    elif most is not None:
        yield f"at most {most:,}"
    if "maxLength" in schema:
        yield f"up to {schema['maxLength']:,} characters"
    if schema.get("minItems"):
        yield f"{schema['minItems']:,} or more"
    if "maxItems" in schema:
        yield f"up to {schema['maxItems']:,}"
    if "default" in schema:
        yield f"default {schema['default']}"
