"""Demo data for `make run`: a catalogue, a customer with credits, a key, a member of staff."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import roles
from accounts.models import User
from accounts.nabzclan import members
from billing import accounts, ledger
from billing.models import MICRO, LedgerKind, VipBonus
from gateway import invalidation, keys, price_versions
from gateway.models import Dialect, Model, Provider, Route
from gateway.pricing import Prices
from privacy import acceptances, policies, reviews

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
CATALOGUE = Path(__file__).parent / "demo_catalogue.json"
PROVIDER = "primary"
STANDIN_KEY = "stand-in"
CUSTOMER, CUSTOMER_ID = "nova", "1"
"""The first person of the imitation of NabzClan, so that a newcomer can sign in as the customer."""
STAFF = "staff"
CREDITS = 10 * MICRO
VIP_BONUSES = {1: 2, 2: 4, 3: 7, 4: 10}
"""Per cent on top of what is bought."""


class DemoRefused(Exception):
    """Demo data can be made only while stand-ins are on."""


@dataclass(frozen=True)
class Demo:
    """What a newcomer needs to try the service."""

    api_key: str
    model: str
    staff_name: str
    staff_password: str


@transaction.atomic
def load(*, api_key: str = "", staff_password: str = "") -> Demo:
    """Make what is missing; a key and a password that still work are kept.

    Raises DemoRefused in production.
    """
    if not settings.STANDINS:
        raise DemoRefused("Demo data can be made only while STANDINS is on.")
    model = load_catalogue()
    customer = _customer()
    account = accounts.open_for(customer)
    ledger.post(
        account=account.id,
        kind=LedgerKind.GRANT,
        amount=CREDITS,
        reference=f"demo account {account.pk}",
    )
    if not VipBonus.objects.exists():
        VipBonus.objects.bulk_create(
            VipBonus(level=level, percent=percent) for level, percent in VIP_BONUSES.items()
        )
    found = keys.find(api_key) if api_key else None
    if found is None or found.user_id != customer.id:
        for old in customer.api_keys.filter(revoked_at__isnull=True, name="Demo"):
            keys.revoke(old)
        _, api_key = keys.issue(customer, name="Demo", minute_limit=1_000, day_limit=10_000)
    roles.sync()
    demo = Demo(api_key, model, STAFF, _staff(staff_password))
    _review()
    return demo


def _customer() -> User:
    found = User.objects.filter(nabzclan_id=CUSTOMER_ID).first()
    if found is None:
        # An older demo had a customer whom nobody could sign in as.
        found = User.objects.filter(nabzclan_id="demo").first()
        if found is None:
            found = User.objects.create_customer(
                nabzclan_id=CUSTOMER_ID,
                username=members.free_name(CUSTOMER),
                email="nova@nabzclan.test",
            )
        found.nabzclan_id, found.username = CUSTOMER_ID, members.free_name(CUSTOMER, but=found)
        found.save(update_fields=["nabzclan_id", "username"])
    acceptances.affirm_age(found)
    acceptances.record(found, policies.all_current())
    return found


def _staff(password: str) -> str:
    person = User.objects.filter(username=STAFF).first()
    if person is not None and password and person.check_password(password):
        return password
    password = secrets.token_urlsafe(12)
    if person is None:
        User.objects.create_superuser(STAFF, password)
    else:
        person.set_password(password)
        person.save(update_fields=["password"])
    return password


def _review() -> None:
    """Begin the clock of security reviews, and say that nobody has reviewed anything."""
    if reviews.latest() is None:
        reviews.enter(
            held_on=timezone.now().date(),
            scope="Demo data: no review was held. This row only begins the clock of 92 days.",
            findings="None: nothing was looked at.",
            actions="Hold a first review before anybody outside uses this service.",
            by=User.objects.get(username=STAFF),
        )


def load_catalogue() -> str:
    """Write the demo models and their provider; return the name of the first model.

    The PROVIDER_… settings put a real provider in the stand-in's place, and
    PROVIDER_MODELS says what it calls our models. What staff changed later stays.
    """
    provider = Provider.objects.filter(name=PROVIDER).first() or Provider(name=PROVIDER)
    # The stand-in may have moved to another port; what staff typed in stays.
    here = urlsplit(provider.base_url).hostname in {None, *LOOPBACK}
    if settings.PROVIDER_BASE_URL or (here and provider.key in {"", STANDIN_KEY}):
        provider.base_url = settings.PROVIDER_BASE_URL or settings.STANDIN_PROVIDER_URL
        provider.dialect = Dialect(settings.PROVIDER_DIALECT)
        provider.key = settings.PROVIDER_API_KEY or STANDIN_KEY
    if provider.key == STANDIN_KEY:
        # The stand-in is ours: it keeps nothing, and trains on nothing.
        provider.retention_days, provider.terms_reviewed_on = 0, timezone.now().date()
    provider.clean()
    provider.save()
    models = json.loads(CATALOGUE.read_text())
    for entry in models:
        upstream = entry.pop("upstream_name")
        name = entry.pop("name")
        prices = Prices(**entry.pop("prices"))
        model, _ = Model.objects.get_or_create(name=name, defaults=entry)
        if not model.prices.exists():
            price_versions.add(model.id, prices, starts_at=timezone.now(), note="Demo")
        route, _ = Route.objects.get_or_create(
            model=model, provider=provider, defaults={"upstream_name": upstream}
        )
        if name in settings.PROVIDER_MODELS:
            route.upstream_name = settings.PROVIDER_MODELS[name]
            route.save()
    invalidation.publish_catalogue()
    first: str = Model.objects.get(name="lumyx-plus_v1").name
    return first
