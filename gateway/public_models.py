"""The models on offer as everybody may see them: their abilities, who runs them, what they cost."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from gateway import public_prices, snippets
from gateway.models import Capability, ModelPrice, Provider, Route, VipLevel
from gateway.pricing import Prices, discounted
from gateway.public_prices import Listing

ABILITIES: dict[str, tuple[str, str]] = {
    Capability.CHAT: ("chat", "Answers conversations, in OpenAI’s dialects and in Anthropic’s."),
    Capability.STREAMING: ("streaming", "Sends its answer as it is made."),
    Capability.TOOLS: ("tools", "Calls functions that you describe."),
    Capability.VISION: ("images", "Reads images."),
    Capability.DOCUMENTS: ("documents", "Reads PDF documents."),
    Capability.STRUCTURED_OUTPUT: ("JSON schema", "Answers in JSON that follows your schema."),
    Capability.REASONING: ("reasoning", "Thinks before it answers; you say how much."),
    Capability.ADAPTIVE_THINKING: (
        "adaptive thinking",
        "Finds out by itself how long to think: takes an effort, no budget, and no sampling.",
    ),
    Capability.EMBEDDINGS: ("embeddings", "Turns texts into vectors."),
    Capability.COMPLETIONS: ("completions", "Continues plain text, the older way."),
}
"""What each capability is called on a tag, and what it means."""


@dataclass(frozen=True)
class Shown:
    """A model on offer, its providers in the order they are tried, and what a visitor pays of it.

    `percent` is of the list price.
    """

    listing: Listing
    runners: tuple[Provider, ...]
    percent: int = 100

    @property
    def own(self) -> Prices | None:
        """The prices that the visitor pays, where they are lower than those on the list."""
        return discounted(self.listing.prices, percent=self.percent) if self.percent < 100 else None

    @property
    def own_coming(self) -> Prices | None:
        """What the visitor would pay once the next prices start, where that is lower."""
        if self.listing.coming is None or self.percent == 100:
            return None
        return discounted(self.listing.coming.prices, percent=self.percent)

    @property
    def paid(self) -> Prices:
        """The prices that the visitor pays, whether they are lower or not."""
        return self.own or self.listing.prices

    @property
    def tags(self) -> list[str]:
        """What it can do, in a word each."""
        return [ABILITIES[name][0] for name in self._able]

    @property
    def short_tags(self) -> list[str]:
        """What sets it apart: without the streaming that every chat model does."""
        return [ABILITIES[name][0] for name in self._able if name != Capability.STREAMING]

    @property
    def abilities(self) -> list[tuple[str, str]]:
        """What it can do: a word, and what it means."""
        return [ABILITIES[name] for name in self._able]

    @property
    def _able(self) -> list[str]:
        return [name for name in ABILITIES if name in self.listing.capabilities]

    @property
    def chats(self) -> bool:
        """Whether one can talk to it."""
        return Capability.CHAT in self.listing.capabilities

    @property
    def embeds(self) -> bool:
        """Whether it makes embeddings and nothing else, so that input alone is ever charged."""
        return snippets.only_embeds(self.listing.capabilities)

    def charges(self, bucket: str) -> bool:
        """Return whether a price by this bucket means anything: whether it can be charged."""
        return bucket == "input" or not self.embeds

    @property
    def down(self) -> bool:
        """Whether none of its providers answers our probes."""
        return all(runner.unreachable_since is not None for runner in self.runners)


def shown(visitor: User | AnonymousUser | None = None) -> list[Shown]:
    """Return the models on offer by name, with the prices of whoever looks."""
    percent = percent_of(visitor)
    runners = _runners()
    return [
        Shown(listing, tuple(runners[listing.name]), percent)
        for listing in public_prices.listed()
        # A provider may have been switched off between the two readings.
        if listing.name in runners
    ]


def percent_of(visitor: User | AnonymousUser | None) -> int:
    """Return what somebody pays, in per cent of the list price, as their keys are charged."""
    if not isinstance(visitor, User):
        return 100
    level = VipLevel.given_by(visitor.vip_now)
    return level.price_percent if level is not None else 100


def _runners() -> dict[str, list[Provider]]:
    """Return the providers that run each model, by its name, in the order they are tried."""
    routes = (
        Route.objects.filter(
            enabled=True,
            model__enabled=True,
            provider__enabled=True,
            provider__trains_on_content=False,
        )
        .select_related("model", "provider")
        .order_by("position", "-weight", "id")
        .defer("provider__encrypted_key")
    )
    found: dict[str, list[Provider]] = defaultdict(list)
    for route in routes:
        if route.provider not in found[route.model.name]:
            found[route.model.name].append(route.provider)
    return found


def past_prices(name: str, *, most: int = 12) -> list[tuple[datetime, Prices]]:
    """Return a model's prices that started, with when (UTC), the newest first."""
    rows = ModelPrice.objects.filter(model__name=name, starts_at__lte=timezone.now())
    return [(row.starts_at, row.prices) for row in rows.order_by("-starts_at")[:most]]
