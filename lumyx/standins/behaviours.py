"""What the AI-provider stand-in is told by the model name.

A name is `echo`, or `echo-` and one or more behaviours joined by `+`: `echo-slow`,
`echo-slow+no-usage`, `echo-reasoning+tokens-50+cut`. Any other name is an unknown model (404).

Pace:
  slow            100 ms between tokens
  pace-N          N ms between tokens
  slow-start      2 s before the first byte
  hang            accepts the call and never answers
Length:
  tokens-N        answers exactly N tokens, whatever was asked and whatever the maximum
  fast-100        the same as tokens-100
  long            the same as tokens-10000
  ignores-max     ignores max_tokens and max_completion_tokens
Counts:
  no-usage        never reports usage
  usage-last      reports usage on the last chunk that has choices, not on one of its own
  bad-usage       reports a negative, a boolean and a string count together
  bad-usage-X     X is negative, boolean, string, fraction, huge, cached (more cached than sent)
                  or reasoning (more reasoning than output)
  cached          reports half of the prompt as cached
  reasoning       thinks first, and reports reasoning tokens
Faults (in a stream after five tokens, or fewer where the answer is shorter):
  fail-N          answers status N (400 to 599) with an error that quotes the prompt
  cut             closes the TCP connection; unstreamed: after half of the body
  reset           resets the TCP connection; unstreamed: before the first byte
  silent-end      ends the stream cleanly without finish_reason and [DONE]; unstreamed: no choices
  error-mid       sends an error event and ends; unstreamed: the same as fail-500
  garbage         malformed events, or a body that is not JSON, with status 200
  200-error       status 200 with an error as its body
  comments        a `: comment` before every event, as some providers keep connections alive
"""

import re

import msgspec

AFTER_TOKENS = 5
"""Tokens that a stream delivers before its fault."""

PLAIN = frozenset(
    {
        *("slow-start", "hang", "ignores-max", "no-usage", "usage-last", "cached", "reasoning"),
        *("cut", "reset", "silent-end", "error-mid", "garbage", "200-error", "comments"),
    }
)
SHORT = {"slow": "pace-100", "fast-100": "tokens-100", "long": "tokens-10000"}
NUMBERED = re.compile(r"(pace|tokens|fail)-(\d{1,6})")
BAD_USAGE: dict[str, dict[str, object]] = {
    "bad-usage": {"prompt_tokens": -7, "completion_tokens": True, "total_tokens": "many"},
    "bad-usage-negative": {"prompt_tokens": -7, "completion_tokens": -3, "total_tokens": -10},
    "bad-usage-boolean": {"prompt_tokens": True, "completion_tokens": True},
    "bad-usage-string": {"prompt_tokens": "7", "completion_tokens": "3"},
    "bad-usage-fraction": {"prompt_tokens": 7.5, "completion_tokens": 3.5},
    "bad-usage-huge": {"prompt_tokens": 10**18, "completion_tokens": 10**18},
    "bad-usage-cached": {"prompt_tokens_details": {"cached_tokens": 10**6}},
    "bad-usage-reasoning": {"completion_tokens_details": {"reasoning_tokens": 10**6}},
}
LISTED = ("echo", *(f"echo-{name}" for name in sorted(PLAIN | SHORT.keys() | BAD_USAGE.keys())))


class UnknownModel(Exception):
    """No model has this name."""


class Behaviour(msgspec.Struct, frozen=True):
    """How one call is to be answered; pauses in seconds."""

    traits: frozenset[str] = frozenset()
    pace: float = 0.0
    tokens: int | None = None
    fail: int | None = None
    bad_usage: dict[str, object] | None = None

    def has(self, trait: str) -> bool:
        """Return whether the model name asked for this trait."""
        return trait in self.traits


def read(model: str) -> Behaviour:
    """Return what a model name asks for; raise UnknownModel for any that says nothing here."""
    if model == "echo":
        return Behaviour()
    family, mark, rest = model.partition("-")
    if family != "echo" or not mark:
        raise UnknownModel
    behaviour = Behaviour()
    for word in rest.split("+"):
        behaviour = _add(behaviour, SHORT.get(word, word))
    return behaviour


def _add(behaviour: Behaviour, word: str) -> Behaviour:
    if word in PLAIN:
        return msgspec.structs.replace(behaviour, traits=behaviour.traits | {word})
    if word in BAD_USAGE:
        return msgspec.structs.replace(behaviour, bad_usage=BAD_USAGE[word])
    match = NUMBERED.fullmatch(word)
    if match is None:
        raise UnknownModel
    number = int(match[2])
    if match[1] == "pace":
        return msgspec.structs.replace(behaviour, pace=number / 1_000)
    if match[1] == "tokens":
        return msgspec.structs.replace(behaviour, tokens=number)
    if not 400 <= number <= 599:
        raise UnknownModel
    return msgspec.structs.replace(behaviour, fail=number)
