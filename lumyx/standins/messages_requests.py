"""Read requests of Anthropic's Messages for the AI-provider stand-in."""

from typing import Any

from lumyx.standins import messages_rules, reading, tokens
from lumyx.standins.answers import ANY, AUTO, NONE, BadCall, Call, Choice
from lumyx.standins.behaviours import Behaviour

MOST_TOKENS = 128_000
"""What the stand-in's models can put out at most."""
LEAST_BUDGET = 1024


def read(fields: dict[str, Any], behaviour: Behaviour, *, counting: bool = False) -> Call:
    """Read a request, or one to count its tokens; raise BadCall where Anthropic answers 400."""
    most = None if counting else _most(fields)
    thinking = _thinking(fields, most)
    if behaviour.has("adaptive"):
        _adaptive(fields, thinking)
    tools = _tools(fields.get("tools"))
    choice = _choice(fields.get("tool_choice"), tools)
    if thinking in ("enabled", "adaptive") and choice.forces():
        raise BadCall("Thinking may not be enabled when tool_choice forces tool use.")
    turns = messages_rules.read_turns(fields, thinks=thinking == "enabled")
    asked = messages_rules.last_asked(turns)
    return Call(
        model=fields["model"],
        params={k: v for k, v in fields.items() if k not in ("messages", "system", "tools")},
        prompt=_count(fields, turns),
        stream=_stream(fields),
        text=asked.text,
        media=asked.media,
        result=asked.result,
        system=_system(fields.get("system")),
        most=most,
        stops=_stops(fields),
        tools=tools,
        choice=choice,
        schema=_schema(fields.get("output_config")),
        thinks=thinking in ("enabled", "adaptive")
        or (thinking != "disabled" and behaviour.has("reasoning")),
    )


def _most(fields: dict[str, Any]) -> int:
    most = fields.get("max_tokens")
    if "max_tokens" not in fields:
        raise BadCall("max_tokens: Field required")
    if type(most) is not int:
        raise BadCall("max_tokens: Input should be a valid integer")
    if most < 1:
        raise BadCall("max_tokens: Input should be greater than or equal to 1")
    if most > MOST_TOKENS:
        raise BadCall(
            f"max_tokens: {most} > {MOST_TOKENS}, which is the maximum allowed number of output"
            f" tokens for {fields['model']}"
        )
    return most


def _thinking(fields: dict[str, Any], most: int | None) -> str | None:
    thinking = fields.get("thinking")
    if thinking is None:
        return None
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "adaptive", "disabled"):
        raise BadCall(
            "thinking: Input tag does not match any of the expected tags: 'adaptive', 'disabled',"
            " 'enabled'"
        )
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        if "budget_tokens" not in thinking:
            raise BadCall("thinking.enabled.budget_tokens: Field required")
        if type(budget) is not int or budget < LEAST_BUDGET:
            raise BadCall(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
            )
        if most is not None and budget >= most:
            raise BadCall("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if kind != "disabled" and fields.get("temperature") not in (None, 1):
        raise BadCall(
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode."
        )
    return str(kind)


def _adaptive(fields: dict[str, Any], thinking: str | None) -> None:
    if thinking in ("enabled", "disabled"):
        raise BadCall(
            f'"thinking.type.{thinking}" is not supported for this model. Use'
            ' "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    for name in ("temperature", "top_p", "top_k"):
        if fields.get(name) is not None:
            raise BadCall(f"`{name}` is not supported for this model.")


def _tools(tools: Any) -> dict[str, Any]:
    """Return the schemas of the offered tools by name."""
    if tools is not None and not isinstance(tools, list):
        raise BadCall("tools: Input should be a valid list")
    found: dict[str, Any] = {}
    for number, tool in enumerate(tools or []):
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise BadCall(f"tools.{number}.custom.name: Field required")
        # Anthropic's own tools have a type and no schema.
        if tool.get("type") in (None, "custom"):
            schema = tool.get("input_schema")
            if not isinstance(schema, dict):
                raise BadCall(f"tools.{number}.custom.input_schema: Field required")
            if schema.get("type") != "object":
                raise BadCall(f"tools.{number}.custom.input_schema.type: Input should be 'object'")
        if tool["name"] in found:
            raise BadCall("tools: Tool names must be unique.")
        found[tool["name"]] = tool.get("input_schema")
    return found


def _choice(choice: Any, tools: dict[str, Any]) -> Choice:
    if choice is None:
        return Choice(AUTO if tools else NONE)
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise BadCall("tool_choice: Input tag does not match any of the expected tags")
    if kind == "none":
        return Choice(NONE)
    if not tools:
        raise BadCall("tool_choice may only be specified while providing tools.")
    parallel = choice.get("disable_parallel_tool_use") is not True
    if kind != "tool":
        return Choice(ANY if kind == "any" else AUTO, parallel=parallel)
    if choice.get("name") not in tools:
        raise BadCall(f"Tool '{choice.get('name')}' not found in provided tools")
    return Choice("named", choice["name"], parallel)


def _stream(fields: dict[str, Any]) -> bool:
    stream = fields.get("stream", False)
    if not isinstance(stream, bool):
        raise BadCall("stream: Input should be a valid boolean")
    return stream


def _stops(fields: dict[str, Any]) -> list[str]:
    stops = fields.get("stop_sequences") or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise BadCall("stop_sequences: Input should be a valid list of strings")
    if not all(stop.strip() for stop in stops):
        raise BadCall("stop_sequences: each stop sequence must contain non-whitespace")
    return stops


def _schema(config: Any) -> Any:
    wanted = config.get("format") if isinstance(config, dict) else None
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise BadCall("output_config.format.type: Input should be 'json_schema'")
    if not isinstance(wanted.get("schema"), dict):
        raise BadCall("output_config.format.schema: Field required")
    return wanted["schema"]


def _system(system: Any) -> str:
    blocks = [] if system is None or isinstance(system, str) else system
    if not isinstance(blocks, list):
        raise BadCall("system: Input should be a valid list")
    for number, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") != "text":
            raise BadCall(f"system.{number}.type: Input should be 'text'")
    return reading.text_of(system, "\n")


def _count(fields: dict[str, Any], turns: list[messages_rules.Turn]) -> int:
    """Count the prompt by the rule of the other dialect, with the system prompt as a message."""
    messages = [{"role": turn.role, "content": turn.blocks} for turn in turns]
    if fields.get("system"):
        messages.insert(0, {"role": "system", "content": fields["system"]})
    return tokens.count_prompt(messages, fields.get("tools"))
