"""Credits that were given and not bought: they are spent last, and never paid back."""

import hmac

from django.conf import settings

from billing import ledger
from billing.models import MICRO, MICRO_PER_CENT, Account, LedgerEntry, LedgerKind, VipBonus


def grant_signup(account: Account, nabzclan_id: str) -> int | None:
    """Give the credits of a first sign-up; return the balance, or None where they were given.

    They are given once for each NabzClan id, also where its account was erased meanwhile: what is
    kept of the id is a keyed digest.
    """
    versions = sorted(settings.KEY_PEPPERS)
    references = [_reference(nabzclan_id, settings.KEY_PEPPERS[version]) for version in versions]
    if LedgerEntry.objects.filter(kind=LedgerKind.GRANT, reference__in=references).exists():
        return None
    return ledger.post(
        account=account.id,
        kind=LedgerKind.GRANT,
        amount=settings.SIGNUP_CREDITS * MICRO,
        reference=references[-1],
        bonus=True,
    )


def percent_of(level: int) -> int:
    """Return what a VIP level gets on top of what it buys, in per cent."""
    found = VipBonus.objects.filter(level__lte=level).order_by("-level").first()
    return found.percent if found is not None and level > 0 else 0


def on_top(account: Account, *, cents: int) -> int:
    """Return what an account gets on top of a purchase, in micro-credits."""
    percent = percent_of(account.user.vip_now) if account.user is not None else 0
    return cents * MICRO_PER_CENT * percent // 100


def _reference(nabzclan_id: str, pepper: str) -> str:
    digest = hmac.digest(pepper.encode(), f"signup grant {nabzclan_id}".encode(), "sha256")
    return f"signup {digest.hex()[:40]}"
