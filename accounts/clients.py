"""Families of client, system and device from a user agent, whose raw text is not kept."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ua_parser import parse

LONGEST_AGENT = 512
UNKNOWN = "Other"

# SDKs name themselves `OpenAI/Python 2.1.0` or `Anthropic/JS 0.50`; tools `curl/8.5.0`.
SDK = re.compile(r"^(?:Async)?(OpenAI|Anthropic)/(Python|JS|Node|Go|Java|Ruby|CSharp)\b")
TOOL = re.compile(
    r"^(curl|Wget|python-requests|python-httpx|Python-urllib|aiohttp|node-fetch|undici|axios"
    r"|Go-http-client|okhttp|PostmanRuntime|insomnia|HTTPie|Bun|Deno)/"
)
# An agent may say anything, and what it says is not ours to store: only these names are kept.
BROWSERS = {
    "Chrome",
    "Chrome Mobile",
    "Chrome Mobile iOS",
    "Chromium",
    "Edge",
    "Edge Mobile",
    "Firefox",
    "Firefox Mobile",
    "Firefox iOS",
    "HeadlessChrome",
    "Mobile Safari",
    "Opera",
    "Opera Mobile",
    "Safari",
    "Samsung Internet",
    "Vivaldi",
}
DEVICES = {
    "Windows": "Desktop",
    "Mac OS X": "Desktop",
    "Linux": "Desktop",
    "Ubuntu": "Desktop",
    "Debian": "Desktop",
    "Fedora": "Desktop",
    "FreeBSD": "Desktop",
    "Chrome OS": "Desktop",
    "Android": "Mobile",
    "iOS": "Mobile",
}


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
    system = found.os.family if found.os else UNKNOWN
    return Families(
        client=client if client in BROWSERS else UNKNOWN,
        system=system if system in DEVICES else UNKNOWN,
        device=DEVICES.get(system, UNKNOWN),
    )


def prepare() -> None:
    """Compile what tells agents apart: a sixth of a second in which no stream should wait."""
    families("Mozilla/5.0")


def are_families(client: str, system: str, device: str) -> bool:
    """Return whether these are names that `families` gives, and nothing that an agent said."""
    sdk = SDK.fullmatch(client) is not None
    known = sdk or client in BROWSERS | {UNKNOWN, ""} or TOOL.fullmatch(f"{client}/") is not None
    devices = {*DEVICES.values(), "Program", UNKNOWN, ""}
    return known and system in {*DEVICES, UNKNOWN, ""} and device in devices
