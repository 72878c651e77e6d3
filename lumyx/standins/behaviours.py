"""What the AI-provider stand-in is told by the model name.

A name is `echo`, or `echo-` and one or more behaviours joined by `+`: `echo-slow`,
`echo-slow+no-usage`, `echo-reasoning+tokens-50+cut`. Any other name is an unknown model (404).
They hold in every dialect, as far as it has what they are about.

Pace:
  slow            100 ms between tokens
  pace-N          N ms between tokens
  slow-start      2 s before the first byte
  hang            accepts the call and never answers
  head-only       sends the head of the answer, and then nothing
  stall           silence in the middle; unstreamed: after half of the body
  drip-N          one TCP write for every N bytes of the body, wherever events begin and end
Length:
  tokens-N        answers exactly N tokens, whatever was asked and whatever the maximum
  fast-100        the same as tokens-100
  long            the same as tokens-10000
  ignores-max     ignores max_tokens and max_completion_tokens
  oversized       an event of 8 MiB, the third of a stream; unstreamed: a body of 70 MiB
Content:
  says-system     answers the system prompt
  says-params     answers all fields of the request but messages, system and tools, as sorted JSON
  reasoning       thinks first, and reports reasoning tokens, unless the request forbids it
  adaptive        Messages: a model that thinks as long as it likes: it refuses a budget, `disabled`
                  and any sampling; it thinks where the request says `adaptive`
  interleaved     calls two of the offered tools; in chat streams their arguments take turns
Counts:
  no-usage        never reports usage
  usage-last      reports usage on the last chunk that has choices, not on one of its own;
                  Messages: zeros in message_start, all counts in message_delta
  late-usage      200 ms of silence before the event with the final usage
  bad-usage       reports a negative, a boolean and a string count together
  bad-usage-X     X is negative, boolean, string, fraction, huge, cached (more cached than sent)
                  or reasoning (more reasoning than output)
  zero-usage      reports that nothing was used
  cached          reports half of the prompt as cached; Messages: where the request has a
                  cache_control, half of the rest as written to the cache
Errors:
  fail-N          answers status N (400 to 599) with an error that quotes the prompt
  retry-after-N   status 429, or that of fail-N, with Retry-After: N
  flaky-K         status 503 for the first K calls of exactly this model name since the start
                  or POST /v1/_reset
  200-error       status 200 with an error as its body
Faults (in a stream after five tokens, or fewer where the answer is shorter):
  close-head      closes the TCP connection instead of answering
  cut             closes the TCP connection; unstreamed: after half of the body
  reset           resets the TCP connection; unstreamed: before the first byte
  reset-N         resets the TCP connection after N bytes of the body
  silent-end      ends the stream cleanly without its end; unstreamed: no choices, no content
  error-mid       sends an error event and ends; unstreamed: the same as fail-500
  garbage         malformed events, or a body that is not JSON, with status 200
Framing of streams:
  comments        a `: comment` before every event, as some providers keep connections alive;
                  Messages: a ping event
  crlf            lines end with CR LF
  multi-data      the JSON of each event stands on two `data:` lines
"""

import re

import msgspec

AFTER_TOKENS = 5
"""Tokens that a stream delivers before its fault."""

PLAIN = frozenset(
    {
        *("slow-start", "hang", "head-only", "stall", "ignores-max", "oversized"),
        *("says-system", "says-params", "reasoning", "adaptive", "interleaved"),
        *("no-usage", "usage-last", "late-usage", "cached"),
        *("cut", "reset", "close-head", "silent-end", "error-mid", "garbage", "200-error"),
        *("comments", "crlf", "multi-data"),
    }
)
SHORT = {"slow": "pace-100", "fast-100": "tokens-100", "long": "tokens-10000"}
NUMBERED = re.compile(r"(pace|tokens|fail|drip|reset|flaky|retry-after)-(\d{1,6})", re.ASCII)
BAD_USAGE: dict[str, dict[str, object]] = {
    "bad-usage": {"prompt_tokens": -7, "completion_tokens": True, "total_tokens": "many"},
    "bad-usage-negative": {"prompt_tokens": -7, "completion_tokens": -3, "total_tokens": -10},
    "bad-usage-boolean": {"prompt_tokens": True, "completion_tokens": True},
    "bad-usage-string": {"prompt_tokens": "7", "completion_tokens": "3"},
    "bad-usage-fraction": {"prompt_tokens": 7.5, "completion_tokens": 3.5},
    "bad-usage-huge": {"prompt_tokens": 10**18, "completion_tokens": 10**18},
    "bad-usage-cached": {"prompt_tokens_details": {"cached_tokens": 10**6}},
    "bad-usage-reasoning": {"completion_tokens_details": {"reasoning_tokens": 10**6}},
    "zero-usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
}
BAD_MESSAGES_USAGE: dict[str, dict[str, object]] = {
    "bad-usage": {"input_tokens": -7, "output_tokens": True, "cache_read_input_tokens": "many"},
    "bad-usage-negative": {"input_tokens": -7, "output_tokens": -3},
    "bad-usage-boolean": {"input_tokens": True, "output_tokens": True},
    "bad-usage-string": {"input_tokens": "7", "output_tokens": "3"},
    "bad-usage-fraction": {"input_tokens": 7.5, "output_tokens": 3.5},
    "bad-usage-huge": {"input_tokens": 10**18, "output_tokens": 10**18},
    "bad-usage-cached": {"cache_read_input_tokens": 10**6},
    "bad-usage-reasoning": {"output_tokens_details": {"thinking_tokens": 10**6}},
    "zero-usage": {"input_tokens": 0, "output_tokens": 0},
}
LISTED = ("echo", *(f"echo-{name}" for name in sorted(PLAIN | SHORT.keys() | BAD_USAGE.keys())))


class UnknownModel(Exception):
    """No model has this name."""


class Behaviour(msgspec.Struct, frozen=True):
    """How one call is to be answered; `pace` in ms, `drip` and `reset` in bytes."""

    traits: frozenset[str] = frozenset()
    bad_usage: str | None = None
    pace: int = 0
    tokens: int | None = None
    fail: int | None = None
    drip: int | None = None
    reset: int | None = None
    flaky: int = 0
    retry_after: int | None = None

    def has(self, trait: str) -> bool:
        """Return whether the model name asked for this trait."""
        return trait in self.traits

    def pause(self) -> float:
        """Return the time between tokens in seconds."""
        return self.pace / 1_000

    def spoil(self, usage: dict[str, object], bad: dict[str, dict[str, object]]) -> None:
        """Put the wrong counts that the model name asked for into a usage object."""
        if self.bad_usage is not None:
            usage |= bad[self.bad_usage]


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
        return msgspec.structs.replace(behaviour, bad_usage=word)
    match = NUMBERED.fullmatch(word)
    if match is None:
        raise UnknownModel
    name, number = match[1], int(match[2])
    if (name == "fail" and not 400 <= number <= 599) or (name == "drip" and number < 1):
        raise UnknownModel
    return msgspec.structs.replace(behaviour, **{name.replace("-", "_"): number})
