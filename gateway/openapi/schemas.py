"""How schemas of OpenAPI 3.0 are written, and the smallest of ours."""

from typing import Any

Json = dict[str, Any]


def text(description: str = "", **more: Any) -> Json:
    """Return the schema of a text."""
    return {"type": "string", **({"description": description} if description else {}), **more}


def whole(description: str = "", **more: Any) -> Json:
    """Return the schema of a whole number."""
    return {"type": "integer", **({"description": description} if description else {}), **more}


def number(description: str = "", **more: Any) -> Json:
    """Return the schema of a number."""
    return {"type": "number", **({"description": description} if description else {}), **more}


def flag(description: str = "") -> Json:
    """Return the schema of a truth value."""
    return {"type": "boolean", **({"description": description} if description else {})}


def listed(items: Json, **more: Any) -> Json:
    """Return the schema of an array."""
    return {"type": "array", "items": items, **more}


def ref(name: str) -> Json:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Json) -> Json:
    """Return a schema that null satisfies as well."""
    return (
        {"allOf": [schema], "nullable": True} if "$ref" in schema else schema | {"nullable": True}
    )


def record(fields: Json, required: list[str] | None = None) -> Json:
    """Return the schema of an object, of whose fields all or those named are required."""
    needed = list(fields) if required is None else required
    return {
        "type": "object",
        "properties": fields,
        # OpenAPI 3.0 allows no empty list here.
        **({"required": needed} if needed else {}),
        "additionalProperties": True,
    }


FREE: Json = {"type": "object", "additionalProperties": True}
CREDITS = text("Credits, exactly, as a decimal number.", example="9.999688")
MICRO = whole("Micro-credits; 1 credit is 1,000,000.")


def free(description: str) -> Json:
    """Return the schema of an object whose fields are those of the dialect."""
    return FREE | {"description": description}


def some(fields: Json, description: str = "") -> Json:
    """Return the schema of an object none of whose fields need be there."""
    return record(fields, []) | ({"description": description} if description else {})
