"""Families of client, system and device from a user agent, whose raw text is not kept."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ua_parser import parse

LONGEST_AGENT = 512
LONGEST_FAMILY = 40
UNKNOWN = "Other"

# SDKs name themselves `OpenAI/Python 2.1.0` or `Anthropic/JS 0.50`; tools `curl/8.5.0`. Only
# known names are kept: an agent may say anything, and what it says is not ours to store.
SDK = re.compile(r"^(?:Async)?(OpenAI|Anthropic)/(Python|JS|Node|Go|Java|Ruby|CSharp)\b", re.I)
TOOL = re.compile(
    r"^(curl|Wget|python-requests|python-httpx|Python-urllib|aiohttp|node-fetch|undici|axios"
    r"|Go-http-client|okhttp|PostmanRuntime|insomnia|HTTPie|Bun|Deno)/",
    re.IGNORECASE,
)


@dataclass(slots=True, frozen=True)
class Families:
    """What the request log keeps of a user agent."""

    client: str = UNKNOWN
    system: str = UNKNOWN
    device: str = UNKNOWN


@lru_cache(maxsize=4_096)
def families(agent: str) -> Families:
    """Return the families of a user agent; those that nobody knows are `Other`."""
    agent = agent[:LONGEST_AGENT]
    sdk = SDK.match(agent)
    if sdk:
        return Families(client=f"{sdk[1]}/{sdk[2]}", device="Program")
    tool = TOOL.match(agent)
    if tool:
        return Families(client=tool[1], device="Program")
    found = parse(agent)
    client = found.user_agent.family if found.user_agent else UNKNOWN
    return Families(
        client=client[:LONGEST_FAMILY],
        system=(found.os.family if found.os else UNKNOWN)[:LONGEST_FAMILY],
        device=(found.device.family if found.device else UNKNOWN)[:LONGEST_FAMILY],
    )
