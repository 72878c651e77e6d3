"""Write a conversation as a Messages request."""

from typing import Any

from msgspec import Raw

from gateway.wire import conversation as c
from gateway.wire.call import Target
from gateway.wire.messages import thinking
from gateway.wire.reading import encode

Json = dict[str, Any]

JSON_TOOL = "json_answer"
"""The tool by whose arguments a model gives JSON where its provider has no format for that."""
JSON_ONLY = "Answer with one JSON object and nothing else: no prose, no code fence."
MOST_BREAKPOINTS = 4


def json_by_tool(conversation: c.Conversation, target: Target) -> bool:
    """Return whether the answer's JSON comes as the arguments of a tool of ours."""
    wanted = conversation.format
    return (
        wanted is not None
        and wanted.schema is not None
        and "structured_output" not in target.capabilities
        and not conversation.tools
    )


def write(conversation: c.Conversation, target: Target) -> bytes:
    """Return the body of a call to a provider that speaks Anthropic's API."""
    body: Json = {"model": target.name, "max_tokens": target.most_output}
    system = [_text(part) for part in conversation.system if part.text]
    wanted = conversation.format
    by_tool = json_by_tool(conversation, target)
    if wanted is not None and not by_tool:
        if wanted.schema is not None and "structured_output" in target.capabilities:
            form = {"type": "json_schema", "schema": wanted.schema}
            body["output_config"] = {"format": form}
        else:
            system.append({"type": "text", "text": _instruction(wanted)})
    if system:
        body["system"] = system
    body["messages"] = _messages(conversation)
    how = thinking.Plan() if by_tool else thinking.plan(conversation, target)
    if how.thinking is not None:
        body["thinking"] = how.thinking
    if how.effort is not None:
        body.setdefault("output_config", {})["effort"] = how.effort
    if how.samples:
        _sampling(conversation, body)
    if conversation.stop:
        body["stop_sequences"] = conversation.stop
    if by_tool and wanted is not None:
        tool = {"name": JSON_TOOL, "description": wanted.description or "Give the answer."}
        body["tools"] = [tool | {"input_schema": wanted.schema}]
        body["tool_choice"] = {"type": "tool", "name": JSON_TOOL}
    elif conversation.tools:
        body["tools"] = [_tool(tool) for tool in conversation.tools]
        choice = _choice(conversation, thinks=how.thinks)
        if choice is not None:
            body["tool_choice"] = choice
    if conversation.stream:
        body["stream"] = True
    _limit_breakpoints(body)
    return encode(body)


def _instruction(wanted: c.Format) -> str:
    if wanted.schema is None:
        return JSON_ONLY
    return f"{JSON_ONLY} It must satisfy this JSON Schema: {bytes(wanted.schema).decode()}"


def _sampling(conversation: c.Conversation, body: Json) -> None:
    if conversation.temperature is not None:
        body["temperature"] = min(conversation.temperature, 1.0)
    elif conversation.top_p is not None:
        # Newer models refuse both together.
        body["top_p"] = conversation.top_p
    if conversation.top_k is not None:
        body["top_k"] = conversation.top_k


def _messages(conversation: c.Conversation) -> list[Json]:
    messages: list[Json] = []
    for turn in conversation.turns:
        content = [written for block in turn.blocks if (written := _block(block))]
        if not content:
            continue
        if messages and messages[-1]["role"] == turn.role:
            messages[-1]["content"] += content
        else:
            messages.append({"role": turn.role, "content": content})
    for message in messages:
        # Results come first in their turn, thoughts first in theirs.
        message["content"].sort(key=lambda block: ORDER.get(block["type"], 1))
    return messages


ORDER = {"tool_result": 0, "thinking": 0, "redacted_thinking": 0, "tool_use": 2}


def _block(block: c.Block) -> Json | None:
    if isinstance(block, c.Text):
        return _text(block) if block.text.strip() else None
    if isinstance(block, c.Image):
        return _cached({"type": "image", "source": _source(block)}, block.cached)
    if isinstance(block, c.Document):
        found = {"type": "document", "source": _source(block)}
        return _cached(found | ({"title": block.name} if block.name else {}), block.cached)
    if isinstance(block, c.ToolUse):
        used = {"type": "tool_use", "id": block.id, "name": block.name}
        return _cached(used | {"input": Raw(block.arguments.encode())}, block.cached)
    if isinstance(block, c.ToolResult):
        parts = [written for part in block.parts if (written := _block(part))]
        result: Json = {"type": "tool_result", "tool_use_id": block.id, "content": parts}
        if block.failed:
            result["is_error"] = True
        return _cached(result, block.cached)
    if block.redacted:
        return {"type": "redacted_thinking", "data": block.redacted}
    if block.signature:
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    return None


def _text(block: c.Text) -> Json:
    return _cached({"type": "text", "text": block.text}, block.cached)


def _source(block: c.Image | c.Document) -> Json:
    if block.url:
        return {"type": "url", "url": block.url}
    return {"type": "base64", "media_type": block.media_type, "data": block.data}


def _cached(block: Json, cached: bool) -> Json:
    return block | {"cache_control": {"type": "ephemeral"}} if cached else block


def _tool(tool: c.Tool) -> Json:
    found: Json = {"name": tool.name, "input_schema": tool.schema}
    if tool.description:
        found["description"] = tool.description
    return _cached(found, tool.cached)


def _choice(conversation: c.Conversation, *, thinks: bool) -> Json | None:
    choice = conversation.tool_choice
    mode = "auto" if choice is None else choice.mode
    if mode == "none":
        return {"type": "none"}
    found: Json = {"type": "auto"}
    # A model that thinks cannot be made to call a tool.
    if not thinks and mode == "required":
        found = {"type": "any"}
    elif not thinks and mode == "named" and choice is not None:
        found = {"type": "tool", "name": choice.name}
    if conversation.parallel is False:
        found["disable_parallel_tool_use"] = True
    return None if choice is None and len(found) == 1 else found


def _limit_breakpoints(body: Json) -> None:
    """Keep the last breakpoints of the cache: the API takes no more."""
    blocks = [*body.get("tools", ()), *body.get("system", ())]
    for message in body["messages"]:
        blocks += message["content"]
    marked = [block for block in blocks if "cache_control" in block]
    for block in marked[:-MOST_BREAKPOINTS]:
        del block["cache_control"]
