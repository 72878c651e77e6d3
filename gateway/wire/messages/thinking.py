"""How a client's wish for reasoning is told to Anthropic's models.

Older models think up to a budget of tokens. Newer ones find out by themselves how long to
think, take an effort instead, and refuse a budget, `disabled` and any sampling of the client's:
they have the capability `adaptive_thinking`.
"""

from typing import Any, NamedTuple

from gateway.wire import conversation as c
from gateway.wire.call import Target
from gateway.wire.chat.reasoning import effort_of

SHARES: dict[str, float] = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.95}
"""Of the output, what an effort may think."""
LEAST_BUDGET = 1_024
LEAST_ANSWER = 256
"""Tokens that thinking leaves for the answer."""


class Plan(NamedTuple):
    """The fields of a request that say whether and how hard to think."""

    thinking: dict[str, Any] | None = None
    effort: str | None = None
    thinks: bool = False
    samples: bool = True
    """Whether the model takes a temperature and its like."""


def plan(conversation: c.Conversation, target: Target) -> Plan:
    """Return how a model is told what the client wishes."""
    wish = conversation.reasoning
    if "adaptive_thinking" in target.capabilities:
        return _adaptive(conversation, target)
    if wish is None or "reasoning" not in target.capabilities:
        return Plan()
    if wish.off:
        return Plan(thinking={"type": "disabled"})
    if target.most_output < LEAST_BUDGET + LEAST_ANSWER or not _may_think(conversation):
        return Plan()
    budget = wish.budget
    if budget is None:
        budget = int(SHARES[wish.effort or "medium"] * target.most_output)
    budget = max(LEAST_BUDGET, min(budget, target.most_output - LEAST_ANSWER))
    return Plan({"type": "enabled", "budget_tokens": budget}, thinks=True, samples=False)


def _adaptive(conversation: c.Conversation, target: Target) -> Plan:
    wish = conversation.reasoning
    if wish is None:
        return Plan(samples=False)
    if wish.off:
        # There is no way to forbid it: the least effort thinks the least.
        return Plan(effort="low", samples=False)
    effort = effort_of(wish, target.most_output)
    display = "summarized" if conversation.show_reasoning else "omitted"
    return Plan(
        {"type": "adaptive", "display": display},
        "low" if effort == "minimal" else effort,
        thinks=True,
        samples=False,
    )


def _may_think(conversation: c.Conversation) -> bool:
    """Return whether the last turn of the model, if it called a tool, brings its thoughts.

    Without them the API refuses to think on.
    """
    for turn in reversed(conversation.turns):
        if turn.role == "assistant":
            used = any(isinstance(block, c.ToolUse) for block in turn.blocks)
            return not used or any(_signed(block) for block in turn.blocks)
    return True


def _signed(block: c.Block) -> bool:
    return isinstance(block, c.Thinking) and bool(block.signature or block.redacted)
