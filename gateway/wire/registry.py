"""The dialects there are."""

from gateway.wire.chat.dialect import ChatDialect
from gateway.wire.chat.provider import OpenAIProvider
from gateway.wire.completions import CompletionsDialect
from gateway.wire.dialects import ProviderDialect
from gateway.wire.embeddings import EmbeddingsDialect
from gateway.wire.messages.dialect import MessagesDialect
from gateway.wire.messages.provider import AnthropicProvider
from gateway.wire.responses.dialect import ResponsesDialect

CHAT = ChatDialect()
MESSAGES = MessagesDialect()
RESPONSES = ResponsesDialect()
COMPLETIONS = CompletionsDialect()
EMBEDDINGS = EmbeddingsDialect()

PROVIDERS: dict[str, ProviderDialect] = {
    "openai": OpenAIProvider(),
    "anthropic": AnthropicProvider(),
}
"""By the dialect that a provider's row names."""
