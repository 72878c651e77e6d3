"""Write a conversation as a Chat Completions request."""

from typing import Any

from msgspec import Raw

from gateway.wire import conversation as c
from gateway.wire.call import Target
from gateway.wire.chat.reasoning import effort_of
from gateway.wire.data_urls import join
from gateway.wire.reading import encode

Json = dict[str, Any]
ENDING = "\n\n"


def write(conversation: c.Conversation, target: Target) -> bytes:
    """Return the body of a call to a provider that speaks OpenAI's API."""
    body: Json = {"model": target.name, "messages": _messages(conversation)}
    body["max_completion_tokens"] = target.most_output
    for name in ("temperature", "top_p"):
        value = getattr(conversation, name)
        if value is not None:
            body[name] = value
    if conversation.stop:
        body["stop"] = conversation.stop
    if conversation.tools:
        body["tools"] = [_tool(tool) for tool in conversation.tools]
        if conversation.tool_choice is not None:
            body["tool_choice"] = _choice(conversation.tool_choice)
        if conversation.parallel is not None:
            body["parallel_tool_calls"] = conversation.parallel
    if conversation.format is not None:
        body["response_format"] = _format(conversation.format)
    if conversation.reasoning is not None and "reasoning" in target.capabilities:
        effort = effort_of(conversation.reasoning, target.most_output)
        if effort is not None:
            body["reasoning_effort"] = effort
    if conversation.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return encode(body)


def _messages(conversation: c.Conversation) -> list[Json]:
    messages: list[Json] = []
    if conversation.system:
        text = ENDING.join(part.text for part in conversation.system)
        messages.append({"role": "system", "content": text})
    for turn in conversation.turns:
        messages += _assistant(turn) if turn.role == "assistant" else _user(turn)
    return messages


def _assistant(turn: c.Turn) -> list[Json]:
    text = "".join(block.text for block in turn.blocks if isinstance(block, c.Text))
    used = [
        {
            "id": block.id,
            "type": "function",
            "function": {"name": block.name, "arguments": block.arguments},
        }
        for block in turn.blocks
        if isinstance(block, c.ToolUse)
    ]
    if not text and not used:
        # What the model only thought has no place here, and an empty message is refused.
        return []
    message: Json = {"role": "assistant", "content": text or None}
    if used:
        message["tool_calls"] = used
    return [message]


def _user(turn: c.Turn) -> list[Json]:
    messages: list[Json] = []
    rest: list[c.Block] = []
    for block in turn.blocks:
        if isinstance(block, c.ToolResult):
            text = ENDING.join(part.text for part in block.parts if isinstance(part, c.Text))
            messages.append({"role": "tool", "tool_call_id": block.id, "content": text})
            # A tool's message holds only text, so what else it gave back follows it.
            rest += [part for part in block.parts if not isinstance(part, c.Text)]
        else:
            rest.append(block)
    if rest:
        messages.append({"role": "user", "content": _content(rest)})
    return messages


def _content(blocks: list[c.Block]) -> str | list[Json]:
    if all(isinstance(block, c.Text) for block in blocks):
        return ENDING.join(block.text for block in blocks if isinstance(block, c.Text))
    return [part for block in blocks if (part := _part(block))]


def _part(block: c.Block) -> Json:
    if isinstance(block, c.Text):
        return {"type": "text", "text": block.text}
    if isinstance(block, c.Image):
        url = block.url or join(block.media_type, block.data)
        return {"type": "image_url", "image_url": {"url": url}}
    if isinstance(block, c.Document):
        data = block.url or join(block.media_type, block.data)
        file = {"filename": block.name or "document.pdf", "file_data": data}
        return {"type": "file", "file": file}
    return {}


def _tool(tool: c.Tool) -> Json:
    function: Json = {"name": tool.name, "parameters": tool.schema}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: c.ToolChoice) -> str | Json:
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _format(wanted: c.Format) -> Json:
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: Json = {"name": wanted.name, "schema": Raw(wanted.schema)}
    if wanted.description:
        schema["description"] = wanted.description
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}
