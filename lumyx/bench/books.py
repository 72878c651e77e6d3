"""The bench's customers, keys and catalogue, and what the ledger says afterwards.

    python -m lumyx.bench.books prepare URL…
    python -m lumyx.bench.books check

Each runs in a process of its own, with Django's settings in the environment, and prints JSON.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import django

ACCOUNTS = 10
KEYS_PER_ACCOUNT = 30
MINUTE_LIMIT, DAY_LIMIT = 1_000, 10_000
CREDITS = 10**12
"""Micro-credits for each account: far more than a run can use."""
MODELS = {f"bench-{word}": word for word in ("whole", "stream", "paced", "held", "anthropic")}
"""What each model is called here, and the first word of its path at the mock provider.

Their base URLs come in the same order.
"""


def prepare(urls: Sequence[str]) -> dict[str, Any]:
    """Migrate, and write the catalogue and the customers; return their keys."""
    from django.core.management import call_command

    from accounts.models import User
    from billing import accounts, ledger
    from billing.models import LedgerKind
    from gateway import keys

    call_command("migrate", verbosity=0)
    call_command("make_partitions", stdout=sys.stderr)
    _write_catalogue(urls)
    issued = []
    for number in range(ACCOUNTS):
        user = User.objects.create_customer(
            nabzclan_id=f"bench-{number}", username=f"bench-{number}", email=""
        )
        account = accounts.open_for(user)
        ledger.post(
            account=account.id,
            kind=LedgerKind.GRANT,
            amount=CREDITS,
            reference=f"bench {account.id}",
        )
        for _ in range(KEYS_PER_ACCOUNT):
            _, text = keys.issue(user, name="Bench", minute_limit=MINUTE_LIMIT, day_limit=DAY_LIMIT)
            issued.append(text)
    # One account's keys would otherwise come in a row, and share each batch.
    return {"keys": [key for n in range(KEYS_PER_ACCOUNT) for key in issued[n::KEYS_PER_ACCOUNT]]}


def _write_catalogue(urls: Sequence[str]) -> None:
    from gateway.models import Dialect
    from lumyx.bench import catalogue

    for (name, word), url in zip(MODELS.items(), urls, strict=True):
        dialect = Dialect.ANTHROPIC if word == "anthropic" else Dialect.OPENAI
        catalogue.offer(name, url, key="bench", upstream="bench", dialect=dialect)


def check() -> dict[str, Any]:
    """Return what the ledger holds and which invariants are broken."""
    from django.db.models import Sum

    from billing import invariants
    from billing.models import Account, Hold, HoldState, LedgerEntry, LedgerKind

    entries = LedgerEntry.objects.all()
    return {
        "charges": entries.filter(kind=LedgerKind.USAGE).count(),
        "ledger": entries.aggregate(total=Sum("amount"))["total"],
        "balance": Account.objects.aggregate(total=Sum("balance"))["total"],
        "open_holds": Hold.objects.filter(state=HoldState.OPEN).count(),
        "violations": [violation.sentence for violation in invariants.check()],
    }


def main(arguments: list[str]) -> None:
    """Run one of the two from the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")
    django.setup()
    print(json.dumps(prepare(arguments[1:]) if arguments[0] == "prepare" else check()))


if __name__ == "__main__":
    main(sys.argv[1:])
