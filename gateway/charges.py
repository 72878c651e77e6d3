"""The charge matrix: what a call costs, by how it ended; published as it stands here."""

from dataclasses import dataclass

from gateway.models import ChargeBasis


@dataclass(frozen=True)
class Charge:
    """One row: how a call ended, what is paid, and the basis that its own row then names."""

    ending: str
    pays: str
    basis: ChargeBasis


MATRIX = (
    Charge(
        "The provider reported what was used, whether the answer ended or was cut short",
        "Exactly that, at the prices of the call",
        ChargeBasis.REPORTED,
    ),
    Charge(
        "The answer was delivered, but the provider’s counts are missing or impossible",
        "The prompt and the delivered output, estimated",
        ChargeBasis.ESTIMATED,
    ),
    Charge(
        "The provider broke off, or you left, after output was delivered and before any report",
        "The prompt and the delivered output, estimated",
        ChargeBasis.ESTIMATED,
    ),
    Charge(
        "The answer was cut at your credits, the key’s spend limit or X-Max-Cost",
        "What was delivered, never more than was set aside",
        ChargeBasis.ESTIMATED,
    ),
    Charge(
        "The provider failed, or you left, before any output",
        "Nothing",
        ChargeBasis.NOTHING,
    ),
    Charge(
        "One provider failed and another answered",
        "Only the answer; failed attempts cost nothing",
        ChargeBasis.REPORTED,
    ),
    Charge("You counted tokens", "Nothing", ChargeBasis.FREE),
    Charge(
        "The call was refused: a bad body, no credits, a limit, or an Idempotency-Key seen before",
        "Nothing, and no limit is used up",
        ChargeBasis.REJECTED,
    ),
)
