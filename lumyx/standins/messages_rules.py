"""Hold the turns of a Messages request to Anthropic's rules."""

import base64
import hashlib
from typing import Any

import msgspec

from lumyx.standins import media, reading
from lumyx.standins.answers import BadCall

Block = dict[str, Any]
NEW_VERSION = "2026-10-21"
VERSIONS = ("2023-06-01", NEW_VERSION)
"""What `anthropic-version` may say; the official SDKs send the new one since their version 2."""
SAMPLING = ("temperature", "top_p", "top_k")
"""Parameters that the new version refuses, whatever their values."""
SIGNED_WITH = b"the stand-in's signature"
THINKING = ("thinking", "redacted_thinking")
BLOCKS: dict[str, tuple[str, ...]] = {
    "user": ("text", "image", "document", "tool_result", "search_result"),
    "assistant": ("text", "tool_use", *THINKING),
}
"""The kinds of blocks that each role may send."""


class Turn(msgspec.Struct):
    """One message, its content as blocks."""

    role: str
    blocks: list[Block]


class Asked(msgspec.Struct):
    """What is to be answered: a text and what it shows, or the result of a tool."""

    text: str = ""
    media: list[str] = []
    result: str | None = None


def check_version(fields: dict[str, Any], version: str) -> None:
    """Refuse what the new version of the API has given up."""
    for name in SAMPLING:
        if version == NEW_VERSION and name in fields:
            raise BadCall(f"{name}: Extra inputs are not permitted")


def sign(thought: str) -> str:
    """Return the signature without which a thought is not accepted back."""
    digest = hashlib.blake2b(thought.encode("utf-8", "replace"), key=SIGNED_WITH).digest()
    return base64.b64encode(digest).decode()


def read_turns(fields: dict[str, Any], *, thinks: bool) -> list[Turn]:
    """Read the messages; raise BadCall where they break a rule."""
    if "messages" not in fields:
        raise BadCall("messages: Field required")
    messages = fields["messages"]
    if not isinstance(messages, list):
        raise BadCall("messages: Input should be a valid list")
    if not messages:
        raise BadCall("messages: at least one message is required")
    turns = [_turn(number, message) for number, message in enumerate(messages)]
    for number, turn in enumerate(turns):
        if not turn.blocks and not (turn.role == "assistant" and number == len(turns) - 1):
            raise BadCall(
                f"messages.{number}: all messages must have non-empty content except for the"
                " optional final assistant message"
            )
        for place, block in enumerate(turn.blocks):
            _check_block(f"messages.{number}.content.{place}", turn.role, block)
    if turns[0].role != "user":
        raise BadCall('messages: first message must use the "user" role')
    _check_tools(turns)
    if thinks:
        _check_last_thought(turns)
    return turns


def _turn(number: int, message: Any) -> Turn:
    if not isinstance(message, dict):
        raise BadCall(f"messages.{number}: Input should be a valid dictionary")
    role = message.get("role")
    if role == "system":
        raise BadCall(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system`'
            ' parameter, not "system" as an input message role.'
        )
    if role not in ("user", "assistant"):
        raise BadCall(f"messages.{number}.role: Input should be 'user' or 'assistant'")
    content = message.get("content")
    if isinstance(content, str):
        return Turn(role, [{"type": "text", "text": content}] if content else [])
    if not isinstance(content, list):
        raise BadCall(f"messages.{number}.content: Field required")
    if not all(isinstance(block, dict) for block in content):
        raise BadCall(f"messages.{number}.content: Input should be a valid dictionary")
    return Turn(role, content)


def _check_block(where: str, role: str, block: Block) -> None:
    kind = block.get("type")
    allowed = BLOCKS[role]
    if kind not in allowed:
        raise BadCall(
            f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected"
            f" tags: {', '.join(repr(tag) for tag in allowed)}"
        )
    match kind:
        case "text":
            if not isinstance(block.get("text"), str):
                raise BadCall(f"{where}.text.text: Field required")
            if not block["text"]:
                raise BadCall("messages: text content blocks must be non-empty")
        case "tool_use":
            if not isinstance(block.get("id"), str) or not isinstance(block.get("name"), str):
                raise BadCall(f"{where}.tool_use.id: Field required")
            if not isinstance(block.get("input"), dict):
                raise BadCall(f"{where}.tool_use.input: Input should be a valid dictionary")
        case "thinking":
            _check_thought(where, block)
        case "tool_result":
            _check_result(where, block)
        case "image" | "document":
            _label(where, block)


def _check_thought(where: str, block: Block) -> None:
    for field in ("thinking", "signature"):
        if not isinstance(block.get(field), str):
            raise BadCall(f"{where}.thinking.{field}: Field required")
    if block["signature"] != sign(block["thinking"]):
        raise BadCall(f"{where}: Invalid `signature` in `thinking` block")


def _check_result(where: str, block: Block) -> None:
    if not isinstance(block.get("tool_use_id"), str):
        raise BadCall(f"{where}.tool_result.tool_use_id: Field required")
    content = block.get("content", "")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise BadCall(f"{where}.tool_result.content: Input should be a valid list")
    for number, part in enumerate(content):
        _label(f"{where}.tool_result.content.{number}", part)


def _label(where: str, block: Block) -> str | None:
    try:
        return media.label_block(block)
    except media.BadMedia as bad:
        raise BadCall(f"{where}.{bad}") from None


def _check_tools(turns: list[Turn]) -> None:
    """Refuse uses of tools without results in the next turn, and results without uses."""
    merged = _merge(turns)
    used: list[str] = []
    seen: set[str] = set()
    for number, turn in enumerate(merged):
        results = _leading_results(turn)
        missing = [use for use in used if use not in results]
        if missing:
            _refuse_unanswered(number - 1, missing)
        for place, block in enumerate(turn.blocks):
            if block["type"] == "tool_result" and block["tool_use_id"] not in used:
                raise BadCall(
                    f"messages.{number}.content.{place}: unexpected `tool_use_id` found in"
                    f" `tool_result` blocks: {block['tool_use_id']}. Each `tool_result` block must"
                    " have a corresponding `tool_use` block in the previous message."
                )
        used = [block["id"] for block in turn.blocks if block["type"] == "tool_use"]
        if len(set(used)) < len(used) or seen & set(used):
            raise BadCall("messages: `tool_use` ids must be unique")
        seen |= set(used)
    if used:
        _refuse_unanswered(len(merged) - 1, used)


def _leading_results(turn: Turn) -> set[str]:
    """Return what is answered before anything else is said: results must come first."""
    found: set[str] = set()
    for block in turn.blocks:
        if block["type"] != "tool_result":
            break
        found.add(block["tool_use_id"])
    return found


def _refuse_unanswered(number: int, missing: list[str]) -> None:
    raise BadCall(
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately"
        f" after: {', '.join(missing)}. Each `tool_use` block must have a corresponding"
        " `tool_result` block in the next message."
    )


def _merge(turns: list[Turn]) -> list[Turn]:
    """Take neighbouring messages of one role together, as Anthropic does."""
    merged: list[Turn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(turn.role, [*merged[-1].blocks, *turn.blocks])
        else:
            merged.append(turn)
    return merged


def _check_last_thought(turns: list[Turn]) -> None:
    """Want a thought at the start of the last assistant turn where that uses tools."""
    assistant = [(n, turn) for n, turn in enumerate(_merge(turns)) if turn.role == "assistant"]
    if not assistant:
        return
    number, last = assistant[-1]
    uses = any(block["type"] == "tool_use" for block in last.blocks)
    if uses and last.blocks[0]["type"] not in THINKING:
        raise BadCall(
            f"messages.{number}.content.0.type: Expected `thinking` or `redacted_thinking`, but"
            f" found `{last.blocks[0]['type']}`. When `thinking` is enabled, a final `assistant`"
            " message must start with a thinking block (preceeding the lastmost set of `tool_use`"
            " and `tool_result` blocks). We recommend you include thinking blocks from previous"
            " turns. To avoid this requirement, disable `thinking`."
        )


def last_asked(turns: list[Turn]) -> Asked:
    """Return what the last user message says after any results of tools, or the last result."""
    for turn in reversed(turns):
        if turn.role == "user":
            break
    else:
        return Asked()
    results = [n for n, block in enumerate(turn.blocks) if block["type"] == "tool_result"]
    said = turn.blocks[results[-1] + 1 :] if results else turn.blocks
    if said or not results:
        labels = [label for label in map(media.label_block, said) if label]
        return Asked(text=reading.text_of(said), media=labels)
    content = turn.blocks[results[-1]].get("content", "")
    parts = [] if isinstance(content, str) else content
    labels = [label for label in map(media.label_block, parts) if label]
    text = reading.text_of(content)
    return Asked(text=text, media=labels, result=" ".join([*labels, text] if text else labels))
