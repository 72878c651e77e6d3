"""Read the forms that Stripe's clients send: `a[b][0]=c` is `{"a": {"b": ["c"]}}`."""

import re
from typing import Any
from urllib.parse import parse_qsl

MOST_BYTES = 1 << 20
MOST_DEPTH = 8
PART = re.compile(r"\[([^\[\]]*)\]")


class BadForm(Exception):
    """What came is no form that Stripe would take."""


def read(body: bytes | str) -> dict[str, Any]:
    """Return a form's parameters, nested; raises BadForm."""
    try:
        text = body.decode() if isinstance(body, bytes) else body
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=2_000)
    except ValueError:
        raise BadForm("The form cannot be read.") from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _put(tree, _path(name), value)
    listed: dict[str, Any] = _lists(tree)
    return listed


def _path(name: str) -> list[str]:
    head, bracket, _ = name.partition("[")
    parts = PART.findall(name[len(head) :]) if bracket else []
    if len(parts) > MOST_DEPTH or not head:
        raise BadForm("The form is nested too deeply.")
    return [head, *parts]


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    *outer, last = path
    for part in outer:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise BadForm("The form contradicts itself.")
    tree[str(len(tree)) if last == "" else last] = value


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(name.isdecimal() for name in tree):
        return [_lists(tree[name]) for name in sorted(tree, key=int)]
    return {name: _lists(value) for name, value in tree.items()}


def whole(form: dict[str, Any], name: str, default: int | None = None) -> int | None:
    """Return a whole number of a form; raises BadForm."""
    value = form.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value):
        raise BadForm(f"Invalid integer: {name}")
    return int(value)


def flag(form: dict[str, Any], name: str) -> bool:
    """Return a yes or no of a form."""
    return form.get(name) == "true"


def inner(form: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the parameters below a name; raises BadForm."""
    value = form.get(name, {})
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise BadForm(f"Invalid object: {name}")
    return value
