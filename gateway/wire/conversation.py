"""A conversation without a dialect: what every translation goes through on its way in.

Readers of client dialects make one, writers of provider dialects write it down.
"""

from typing import Literal

import msgspec
from msgspec import Raw

Role = Literal["user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


class Text(msgspec.Struct, tag=True):
    """Words; `cached` marks the end of a prefix that the provider may cache."""

    text: str
    cached: bool = False


class Image(msgspec.Struct, tag=True):
    """An image: base64 data with its media type, or an address for the provider to fetch."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    cached: bool = False


class Document(msgspec.Struct, tag=True):
    """A document such as a PDF: base64 data with its media type, or an address."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    name: str = ""
    cached: bool = False


class Thinking(msgspec.Struct, tag=True):
    """What a model thought, with the signature by which its provider knows it again.

    With `redacted` there is no text, only that opaque data.
    """

    text: str = ""
    signature: str = ""
    redacted: str = ""


class ToolUse(msgspec.Struct, tag=True):
    """A tool called by the model; `arguments` is JSON."""

    id: str
    name: str
    arguments: str
    cached: bool = False


class ToolResult(msgspec.Struct, tag=True):
    """What a tool gave back."""

    id: str
    parts: list[Text | Image | Document]
    failed: bool = False
    cached: bool = False


Block = Text | Image | Document | Thinking | ToolUse | ToolResult


class Turn(msgspec.Struct):
    """What one side said; two turns of one side may follow each other."""

    role: Role
    blocks: list[Block]


class Tool(msgspec.Struct):
    """A function that the model may call; `schema` is the JSON Schema of its arguments."""

    name: str
    schema: Raw
    description: str = ""
    strict: bool | None = None
    cached: bool = False


class ToolChoice(msgspec.Struct):
    """Whether tools may or must be called; `name` goes with `named`."""

    mode: Literal["auto", "none", "required", "named"]
    name: str = ""


class Format(msgspec.Struct):
    """What JSON the answer must be: any object where there is no schema."""

    schema: Raw | None = None
    name: str = "answer"
    description: str = ""
    strict: bool | None = None


class Reasoning(msgspec.Struct):
    """How hard to think: an effort, a budget in tokens, or neither for the model's own way."""

    effort: Effort | None = None
    budget: int | None = None

    @property
    def off(self) -> bool:
        """Whether the client asked for no thinking at all."""
        return self.effort == "none"


class Conversation(msgspec.Struct):
    """Everything that a client asks of a model, save its name and the output limit."""

    system: list[Text]
    turns: list[Turn]
    tools: list[Tool] = []
    tool_choice: ToolChoice | None = None
    parallel: bool | None = None
    """Whether several tools may be called at once; None leaves it to the provider."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] = []
    format: Format | None = None
    reasoning: Reasoning | None = None
    show_reasoning: bool = True
    """Whether the client is to see what the model thought."""
    stream: bool = False
