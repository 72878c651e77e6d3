"""Make a small JSON value that satisfies a JSON schema, with a given text as its first string."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 6
"""From this depth on, what a schema does not require is left out: schemas may be recursive."""
MOST_DEPTH = 60
BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "minimum": operator.ge,
    "exclusiveMinimum": operator.gt,
    "maximum": operator.le,
    "exclusiveMaximum": operator.lt,
}
EXAMPLES = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class UnusableSchema(Exception):
    """No value can be made for this schema."""


def make(schema: object, text: str) -> Any:
    """Return a value that satisfies a schema; its first free string is the text."""
    root = schema if isinstance(schema, Mapping) else {}
    return _Maker(root, text).value(root, 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text: str | None = text

    def value(self, schema: Any, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise UnusableSchema("the schema has no end")
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema)
            case "integer":
                return _number(schema, whole=True)
            case "number":
                return _number(schema, whole=False)
            case "boolean":
                return True
        return None

    def _resolve(self, schema: Any) -> Mapping[str, Any]:
        """Follow references, take the first alternative, and merge what must hold together."""
        if not isinstance(schema, Mapping):
            return {"type": "null"} if schema is not True else {}
        found = dict(schema)
        for _ in range(MOST_DEPTH):
            if isinstance(found.get("$ref"), str):
                found = {**self._find(found.pop("$ref")), **found}
            elif options := (found.pop("anyOf", None) or found.pop("oneOf", None)):
                found = _merge(found, _first_not_null(options))
            elif parts := found.pop("allOf", None):
                for part in parts:
                    found = _merge(found, self._resolve(part))
            else:
                return found
        raise UnusableSchema("the schema refers to itself")

    def _find(self, reference: str) -> Mapping[str, Any]:
        place: Any = self._root
        for name in reference.removeprefix("#").split("/")[1:]:
            place = place.get(name.replace("~1", "/").replace("~0", "~"), None)
            if not isinstance(place, Mapping):
                raise UnusableSchema("a reference leads nowhere")
        return place if isinstance(place, Mapping) else {}

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required")
        if required is None:
            required = list(properties) if depth < DEEPEST else []
        ordered = [name for name in properties if name in required]
        ordered += [name for name in required if name not in properties]
        return {name: self.value(properties.get(name, {}), depth + 1) for name in ordered}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        first = schema.get("prefixItems") or []
        items = schema.get("items", {})
        least = schema.get("minItems", 0)
        wanted = max(least, len(first), 1 if items and depth < DEEPEST else 0)
        wanted = min(wanted, schema.get("maxItems", wanted))
        kinds = [*first, *([items] * wanted)][:wanted]
        return [self.value(kind, depth + 1) for kind in kinds]

    def _string(self, schema: Mapping[str, Any]) -> str:
        if "format" in schema:
            return EXAMPLES.get(schema["format"], "text")
        text = "text" if self._text is None else self._text
        self._text = None
        text = text.ljust(schema.get("minLength", 0), ".")
        return text[: schema.get("maxLength")]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        if "properties" in schema or "required" in schema:
            return "object"
        # A schema that says nothing of a type is satisfied by any: an object where it is all.
        return "array" if "items" in schema else "string" if schema else "object"
    return str(kind)


def _first_not_null(options: list[Any]) -> Mapping[str, Any]:
    found = [one for one in options if isinstance(one, Mapping)]
    return next((one for one in found if one.get("type") != "null"), found[0] if found else {})


def _merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _number(schema: Mapping[str, Any], *, whole: bool) -> float:
    """Return 0, or a number at or between the bounds."""
    step = schema.get("multipleOf") or (1 if whole else None)
    bounds = [schema[name] for name in BOUNDS if name in schema]
    tried: list[float] = [0]
    for bound in bounds:
        if step is None:
            tried += [bound, bound + 1, bound - 1]
        else:
            tried += [(math.floor(bound / step) + more) * step for more in (0, 1, -1, 2)]
    if bounds:
        tried.append(sum(bounds) / len(bounds))
    for number in tried:
        if _fits(schema, number) and (not whole or number == int(number)):
            return int(number) if whole else number
    raise UnusableSchema("no number is allowed")


def _fits(schema: Mapping[str, Any], number: float) -> bool:
    return all(name not in schema or fits(number, schema[name]) for name, fits in BOUNDS.items())
