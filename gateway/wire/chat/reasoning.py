"""How a client's wish for reasoning is told to providers, and read from OpenAI's fields."""

from typing import cast

from gateway.wire.call import Call, Target
from gateway.wire.chat.request import Body, ReasoningOptions
from gateway.wire.conversation import Effort, Reasoning

HIGH, MEDIUM, LOW = 0.65, 0.35, 0.15
"""Shares of the output from which a thinking budget counts as that effort."""


def wished(options: ReasoningOptions | None, effort: str | None) -> Reasoning | None:
    """Return what a client wants; the `reasoning` object goes before `reasoning_effort`."""
    if options is None or (
        options.effort is None and options.max_tokens is None and options.enabled is None
    ):
        return None if effort is None else Reasoning(effort=cast(Effort, effort))
    if options.enabled is False:
        return Reasoning(effort="none")
    return Reasoning(effort=cast(Effort | None, options.effort), budget=options.max_tokens)


def effort_of(reasoning: Reasoning, most_output: int) -> Effort | None:
    """Return the effort that a wish amounts to, where a provider takes no budget."""
    if reasoning.budget is None:
        return reasoning.effort
    share = reasoning.budget / max(1, most_output)
    if share >= HIGH:
        return "high"
    if share >= MEDIUM:
        return "medium"
    return "low" if share >= LOW else "minimal"


def forwarded_effort(call: Call, target: Target) -> Effort | None:
    """Return the effort to send in place of the `reasoning` object of a Chat Completions call."""
    if not isinstance(call.parsed, Body) or "reasoning" not in target.capabilities:
        return None
    reasoning = wished(call.parsed.reasoning, call.parsed.reasoning_effort)
    return None if reasoning is None else effort_of(reasoning, target.most_output)
