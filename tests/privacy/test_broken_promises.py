"""What breaks a promise otherwise is caught by the checks, and shown to everybody."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from accounts import corrections
from accounts.models import Session, User
from billing.models import Account, AutoTopUp, Books, LowBalanceAlert, StripeCustomer
from gateway import keys
from gateway.models import Provider
from privacy import acceptances, centre, data_requests, policies, recipients
from privacy.conformance import clauses, results, run, site
from privacy.models import Export, ExportState
from tests.customers import make_customer
from tests.privacy.editions import add_version, copy_of_documents
from tests.privacy.leaks import Leak, caught, sql, states

DAY = timedelta(days=1)
NOW = timezone.now()


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "5555555555554444"]
)
def test_a_card_number_in_somebodys_words(world: None, number: str) -> None:
    caught(lambda: data_requests.open_request("question", f"My card {number}."), "5-cards")


@pytest.mark.parametrize(
    "number", ["4242424242424241", "1732400000000000", "40000000-0000-4000-8000-000000000002"]
)
def test_other_long_numbers_are_no_cards(world: None, number: str) -> None:
    data_requests.open_request("question", f"My order {number}.")
    assert states("5-cards") == {"5-cards": "kept"}


def test_the_text_of_a_key_in_a_column(world: None) -> None:
    text = keys.generate()
    caught(lambda: data_requests.open_request("question", f"Is {text} mine?"), "6-keys")
    data_requests.open_request("question", f"Is {text[:-1]}! mine?")
    assert states("6-keys") == {"6-keys": "kept"}


def test_a_key_that_is_no_digest(world: None) -> None:
    key = make_customer().key_row
    acceptances.affirm_age(key.user)
    caught(lambda: sql("update gateway_apikey set digest = 'lx' where id = %s", key.pk), "6-keys")


def test_a_browsers_own_words(world: None) -> None:
    def plant() -> None:
        later = timezone.now() + DAY
        Session.objects.create(
            session_key="b" * 32,
            session_data="",
            expire_date=later,
            client="Mozilla/5.0 (X11; Ada)",
        )

    caught(plant, "2.2-browser")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"trains_on_content": True}, ("2.3-training",)),
        ({"terms_reviewed_on": None}, ("2.3-training", "5-providers")),
        ({"terms_reviewed_on": NOW.date() - 367 * DAY}, ("5-providers",)),
        ({"retention_days": None}, ("5-providers",)),
    ],
    ids=["trains", "unread", "read long ago", "retention unknown"],
)
def test_a_provider_whose_terms_break_a_promise(
    world: None, change: dict[str, object], names: tuple[str, ...]
) -> None:
    Provider.objects.create(
        name="leaky",
        base_url="https://api.leaky.example/v1",
        retention_days=0,
        terms_reviewed_on=NOW.date(),
    )
    caught(lambda: Provider.objects.filter(name="leaky").update(**change), *names)


def test_somebody_without_a_receipt_or_an_age(world: None) -> None:
    def plant() -> None:
        make_customer()

    caught(plant, "1-consent", "9-age")


def test_requests_that_nobody_answers(world: None) -> None:
    def plant(kind: str, ago: timedelta) -> Leak:
        return lambda: data_requests.open_request(kind, "Hello?", now=timezone.now() - ago)

    caught(plant("access", 31 * DAY), "8-requests")
    caught(plant("child", 4 * DAY), "8-requests", "9-reports")
    plant("child", 2 * DAY)()
    assert states("9-reports") == {"9-reports": "kept"}


def test_an_export_that_is_stuck_failed_or_lacks_a_table(
    world: None, exports_directory: Path
) -> None:
    user = make_customer().user
    acceptances.affirm_age(user)
    long_ago = timezone.now() - timedelta(hours=1)

    def unmade(state: ExportState) -> Leak:
        return lambda: Export.objects.create(user=user, state=state, moved_at=long_ago)

    for state in (ExportState.WAITING, ExportState.BUILDING, ExportState.FAILED):
        caught(unmade(state), "8-export")

    def plant() -> None:
        export = Export.objects.create(
            user=user,
            state=ExportState.READY,
            ready_at=timezone.now(),
            expires_at=timezone.now() + DAY,
        )
        with zipfile.ZipFile(export.path, "w") as archive:
            archive.writestr("manifest.json", json.dumps({"data_sets": []}))

    caught(plant, "8-export")


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("NABZCLAN_SCOPES", ["identity", "friends"], "5-nabzclan"),
        ("PRIVACY_CONTACT", "nobody", "11-contact"),
        (
            "MIDDLEWARE",
            [one for one in settings.MIDDLEWARE if one != "accounts.second_factor.demanded"],
            "6-access",
        ),
    ],
)
def test_a_setting_that_breaks_a_promise(
    world: None, setting: str, value: object, name: str
) -> None:
    assert states(name) == {name: "kept"}
    with override_settings(**{setting: value}):
        assert states(name) == {name: "not_kept"}


def test_books_need_a_law_and_end(world: None) -> None:
    terms = {"jurisdiction": "Germany", "closed_on": NOW.date(), "retain_until": date(2036, 12, 31)}
    nobodys = Account.objects.create()
    with override_settings(BILLING_JURISDICTION="Germany"):
        assert states("4-billing") == {"4-billing": "not_kept"}, "books without an end"
        for model in (AutoTopUp, LowBalanceAlert, StripeCustomer):
            model._default_manager.filter(account__user=None).delete()
        for account in Account.objects.filter(user=None, books=None):
            Books.objects.create(account=account, **terms)
        assert states("4-billing") == {"4-billing": "kept"}
        assert states("4-billing", now=NOW + 12 * 365 * DAY) == {"4-billing": "not_kept"}
        Books.objects.filter(account=nobodys).update(jurisdiction="")
        assert states("4-billing") == {"4-billing": "not_kept"}, "books without a law"
        Books.objects.filter(account=nobodys).update(jurisdiction="Germany")
    with override_settings(STANDINS=False):
        assert states("4-billing") == {"4-billing": "not_kept"}, "no law is set"


def test_an_account_that_nobody_has_used_for_years(world: None) -> None:
    user = make_customer().user

    def plant() -> None:
        long_ago = timezone.now() - 900 * DAY
        User.objects.filter(pk=user.pk).update(created_at=long_ago)
        sql("alter table billing_ledgerentry disable trigger user")
        sql(
            "update billing_ledgerentry set created_at = %s where account_id = %s",
            long_ago,
            user.account.pk,
        )
        sql("alter table billing_ledgerentry enable trigger user")

    caught(plant, "4-active")


def test_a_page_of_recipients_that_hides_one(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Provider.objects.create(
        name="hidden", base_url="https://api.hidden.example/v1", retention_days=0
    )
    assert states("5-recipients") == {"5-recipients": "kept"}
    known = recipients.ai_providers()
    monkeypatch.setattr(
        recipients,
        "ai_providers",
        Mock(side_effect=[[one for one in known if one.name != "hidden"], known]),
    )
    assert states("5-recipients") == {"5-recipients": "not_kept"}


def test_a_text_that_changed_without_a_new_version(
    world: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("10-notice", "10-date")
    assert states(*names) == dict.fromkeys(names, "kept")
    place = copy_of_documents(tmp_path)
    text = place / f"privacy-{policies.current('privacy').version}.txt"
    text.write_text(text.read_text().replace("March 20, 2026", "March 21, 2026"))
    monkeypatch.setattr(policies, "TEXTS", place)
    assert states(*names) == dict.fromkeys(names, "not_kept")


def test_a_material_change_of_which_nobody_was_told(
    world: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_customer()
    place, today = copy_of_documents(tmp_path), timezone.now().date()
    text = policies.current("privacy").text
    add_version(place, effective=today + 20 * DAY, announced=today, text=f"{text}\nMore.")
    monkeypatch.setattr(policies, "TEXTS", place)
    User.objects.update(created_at=timezone.now() - 5 * DAY)
    assert states("10-notice") == {"10-notice": "kept"}
    assert states("10-notice", now=NOW + 7 * DAY) == {"10-notice": "not_kept"}


def test_a_privacy_centre_that_leaves_something_out(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states("8-access") == {"8-access": "kept"}
    shown = centre.held
    monkeypatch.setattr(centre, "held", lambda user: shown(user)[1:])
    assert states("8-access") == {"8-access": "not_kept"}


def test_a_correction_that_nabzclan_undoes(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states("8-correction") == {"8-correction": "kept"}
    monkeypatch.setattr(corrections, "_mark", lambda user, field: None)
    assert states("8-correction") == {"8-correction": "not_kept"}


def test_behind_https_the_same_cookies_and_doors_are_seen(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("6-access", "7-cookies", "7-sessions", "8-access", "11-contact")
    site._handler.cache_clear()
    https = {
        "HTTPS": True,
        "PUBLIC_URL": "https://lumyx.test",
        "ALLOWED_HOSTS": ["lumyx.test", "testserver"],
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
    }
    try:
        with override_settings(**https):
            run.check([c for c in clauses.CLAUSES if c.id in names])
            found = results.latest()
            assert {name: found[name].said for name in names if not found[name].passed} == {}
        with override_settings(**{**https, "SESSION_COOKIE_SECURE": False}):
            run.check([c for c in clauses.CLAUSES if c.id in names])
            assert "in the clear" in results.latest()["7-cookies"].details
    finally:
        site._handler.cache_clear()
