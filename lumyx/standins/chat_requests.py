"""Read requests of OpenAI's Chat Completions for the AI-provider stand-in."""

from typing import Any

from lumyx.standins import media, reading, tokens
from lumyx.standins.answers import ANY, ANY_TEXT_OBJECT, AUTO, NONE, BadCall, Call, Choice
from lumyx.standins.behaviours import Behaviour

EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh"})
SYSTEM_ROLES = ("system", "developer")


def read(fields: dict[str, Any], behaviour: Behaviour) -> Call:
    """Read a request; raise BadCall where a real provider would answer 400."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadCall("Invalid 'messages': expected a non-empty array.", "messages")
    if not all(isinstance(message, dict) for message in messages):
        raise BadCall("Invalid 'messages': expected objects.", "messages")
    _check_tool_results(messages)
    shown = [_media(number, message.get("content")) for number, message in enumerate(messages)]
    # The last user message is what is answered; without one, nothing is said.
    asked = max((n for n, m in enumerate(messages) if m.get("role") == "user"), default=None)
    tools = _tools(fields.get("tools"))
    effort = _effort(fields)
    return Call(
        model=fields["model"],
        params={k: v for k, v in fields.items() if k not in ("messages", "tools")},
        prompt=tokens.count_prompt(messages, fields.get("tools")),
        stream=fields.get("stream") is True,
        text="" if asked is None else reading.text_of(messages[asked].get("content")),
        media=[] if asked is None else shown[asked],
        result=_result(messages[-1]),
        system=_system(messages),
        most=reading.whole(fields, "max_completion_tokens") or reading.whole(fields, "max_tokens"),
        choices=reading.whole(fields, "n") or 1,
        stops=reading.stops(fields),
        tools=tools,
        choice=_choice(fields, tools),
        schema=_schema(fields.get("response_format")),
        thinks=behaviour.has("reasoning") and effort != "none",
    )


def _check_tool_results(messages: list[dict[str, Any]]) -> None:
    """Refuse calls of tools without results, and results without calls."""
    open_ids: set[str] = set()
    for number, message in enumerate(messages):
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_ids:
                raise BadCall(
                    "Invalid parameter: messages with role 'tool' must be a response to a"
                    " preceding message with 'tool_calls'.",
                    f"messages.[{number}].role",
                )
            open_ids.discard(message["tool_call_id"])
            continue
        _check_answered(open_ids, number)
        calls = message.get("tool_calls") or []
        try:
            open_ids = {str(call["id"]) for call in calls}
        except (TypeError, KeyError):
            raise BadCall("Invalid 'tool_calls'.", f"messages.[{number}].tool_calls") from None
    _check_answered(open_ids, len(messages))


def _check_answered(open_ids: set[str], number: int) -> None:
    if open_ids:
        missing = ", ".join(sorted(open_ids))
        raise BadCall(
            "An assistant message with 'tool_calls' must be followed by tool messages responding"
            " to each 'tool_call_id'. The following tool_call_ids did not have response"
            f" messages: {missing}",
            f"messages.[{number}].role",
        )


def _media(number: int, content: Any) -> list[str]:
    if not isinstance(content, list):
        return []
    try:
        labels = [media.label_part(part) for part in content if isinstance(part, dict)]
    except media.BadMedia as bad:
        raise BadCall(f"Invalid image or file: {bad}.", f"messages[{number}].content") from None
    return [label for label in labels if label]


def _result(last: dict[str, Any]) -> str | None:
    return reading.text_of(last.get("content")) if last.get("role") == "tool" else None


def _system(messages: list[dict[str, Any]]) -> str:
    said = (m.get("content") for m in messages if m.get("role") in SYSTEM_ROLES)
    return "\n".join(reading.text_of(content, "\n") for content in said)


def _tools(tools: Any) -> dict[str, Any]:
    """Return the schemas of the offered functions by name."""
    if not tools:
        return {}
    try:
        found = {
            tool["function"]["name"]: tool["function"].get("parameters")
            for tool in tools
            if tool.get("type", "function") == "function"
        }
    except (TypeError, KeyError, AttributeError):
        raise BadCall("Invalid 'tools'.", "tools") from None
    if not all(isinstance(name, str) and name for name in found):
        raise BadCall("Invalid 'tools': expected names.", "tools")
    return found


def _choice(fields: dict[str, Any], tools: dict[str, Any]) -> Choice:
    choice = fields.get("tool_choice")
    parallel = fields.get("parallel_tool_calls") is not False
    if not tools:
        return Choice(NONE)
    if choice in (None, "auto"):
        return Choice(AUTO, parallel=parallel)
    if choice == "none":
        return Choice(NONE)
    if choice == "required":
        return Choice(ANY, parallel=parallel)
    try:
        name = choice["function"]["name"]
    except (TypeError, KeyError):
        raise BadCall("Invalid 'tool_choice'.", "tool_choice") from None
    if name not in tools:
        raise BadCall("'tool_choice' names a function that is not among 'tools'.", "tool_choice")
    return Choice("named", name, parallel)


def _schema(wanted: Any) -> Any:
    if wanted is None or wanted == {"type": "text"}:
        return None
    try:
        if wanted["type"] == "json_object":
            return ANY_TEXT_OBJECT
        if wanted["type"] == "json_schema" and isinstance(wanted["json_schema"]["name"], str):
            return wanted["json_schema"].get("schema") or ANY_TEXT_OBJECT
    except (TypeError, KeyError, AttributeError):
        pass
    raise BadCall("Invalid 'response_format'.", "response_format")


def _effort(fields: dict[str, Any]) -> str | None:
    effort = fields.get("reasoning_effort")
    if effort is not None and effort not in EFFORTS:
        raise BadCall("Invalid 'reasoning_effort'.", "reasoning_effort")
    return effort
