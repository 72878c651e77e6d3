"""Nobody reaches the admin without a second factor; failures lock, and secrets are encrypted."""

import io
import time
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse

from accounts import ciphers, second_factor
from accounts.models import Session, State, User
from accounts.recent import SIGNED_IN_AT
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.staff import enrol, make_staff, staff_client

LOCKED_OUT = {"/accounts/staff/", "/accounts/2fa/authenticate/"}


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def code(secret: str) -> str:
    """Return the TOTP code of this moment (RFC 6238)."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def sign_in(browser: Browser, name: str, password: str) -> str:
    """Sign in with a password, and return the path that it leads to."""
    browser.open("/accounts/staff/")
    return urlsplit(browser.submit("/accounts/staff/", login=name, password=password).url).path


def enrol_on_page(browser: Browser) -> str:
    """Enrol a TOTP factor on its page, and return its secret."""
    page = browser.open("/accounts/2fa/totp/activate/")
    if "reauthenticate" in page.url:
        raise AssertionError(page.url)
    row = Session.objects.get(pk=browser.cookies["session"]).get_decoded()
    secret: str = row["mfa.totp.secret"]
    assert secret in page.text
    browser.submit("/accounts/2fa/totp/activate/", code=code(secret))
    return secret


def test_strangers_are_sent_to_sign_in_and_customers_find_nothing(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    assert urlsplit(browser.open("/admin/").url).path == "/accounts/staff/"
    new_member(browser, nabzclan)
    for path in (
        "/admin/",
        "/admin/accounts/user/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
    ):
        assert browser.open(path).status_code == 404


def test_a_password_alone_does_not_reach_the_admin(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    assert sign_in(browser, user.username, password) == "/accounts/2fa/"
    for path in ("/admin/", "/admin/accounts/user/", "/admin/billing/account/"):
        page = browser.open(path)
        assert urlsplit(page.url).path == "/accounts/2fa/"
        assert "The admin opens once you have one of these." in page.text


def test_after_enrolling_the_admin_opens(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    sign_in(browser, user.username, password)
    enrol_on_page(browser)
    assert browser.open("/admin/").status_code == 200
    assert urlsplit(browser.page.url if browser.page else "").path == "/admin/"


def test_with_a_factor_a_sign_in_asks_for_it(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    secret = enrol(user)
    assert sign_in(browser, user.username, password) == "/accounts/2fa/authenticate/"
    assert urlsplit(browser.open("/admin/").url).path in LOCKED_OUT
    browser.submit("/accounts/2fa/authenticate/", code="000000")
    assert urlsplit(browser.open("/admin/").url).path in LOCKED_OUT
    page = browser.submit("/accounts/2fa/authenticate/", code=code(secret))
    assert urlsplit(page.url).path == "/admin/"


def test_a_code_works_once(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    secret = enrol(user)
    sign_in(browser, user.username, password)
    used = code(secret)
    browser.submit("/accounts/2fa/authenticate/", code=used)
    assert browser.open("/admin/").status_code == 200
    again = Browser(browser.server)
    sign_in(again, user.username, password)
    again.submit("/accounts/2fa/authenticate/", code=used)
    assert urlsplit(again.open("/admin/").url).path in LOCKED_OUT


def test_who_finds_an_old_session_cannot_enrol_a_factor(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    sign_in(browser, user.username, password)
    age(browser, "signed_in_at")
    for path in ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/"):
        assert urlsplit(browser.open(path).url).path == "/sign-in/again"


def test_a_password_that_is_entered_again_is_a_recent_sign_in(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    sign_in(browser, user.username, password)
    age(browser, "signed_in_at")
    page = browser.open("/accounts/2fa/")
    assert "/accounts/reauthenticate/" in page.text
    browser.open("/accounts/reauthenticate/?next=/accounts/2fa/")
    page = browser.submit("/accounts/reauthenticate/?next=/accounts/2fa/", password=password)
    assert urlsplit(page.url).path == "/accounts/2fa/"
    enrol_on_page(browser)
    assert browser.open("/admin/").status_code == 200


def age(browser: Browser, name: str) -> None:
    """Let something in a session have happened a day ago."""
    row = Session.objects.get(pk=browser.cookies["session"])
    data = row.get_decoded()
    data[name] = time.time() - 86_400
    data["account_authentication_methods"] = [
        record | {"at": time.time() - 86_400}
        for record in data.get("account_authentication_methods", [])
    ]
    row.session_data = Session.get_session_store_class()().encode(data)
    row.save(update_fields=["session_data"])


def test_a_member_of_nabzclan_who_is_staff_needs_the_factor_too(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    call_command("make_staff", user.username, "--superuser", stdout=io.StringIO())
    assert urlsplit(browser.open("/admin/").url).path == "/accounts/2fa/"
    enrol_on_page(browser)
    assert browser.open("/admin/").status_code == 200
    again = Browser(browser.server)
    again.go_to_nabzclan("/admin/")
    page = again.consent(int(user.nabzclan_id or 0))
    assert urlsplit(page.url).path == "/accounts/2fa/authenticate/"
    assert urlsplit(again.open("/dashboard").url).path == "/sign-in"


def test_dangerous_acts_ask_for_the_factor_anew(customer: Customer) -> None:
    client = staff_client(superuser=True)
    session = client.session
    session[second_factor.SHOWN_AT] = time.time() - 86_400
    session.save()
    assert client.get("/admin/accounts/user/").status_code == 200
    user = f"/admin/accounts/user/{customer.user.pk}/change/"
    for path, fields in (
        (user, {"username": "x"}),
        (reverse("office:customer_freeze", args=[customer.user.pk]), {"reason": "ticket 9"}),
        ("/admin/gateway/model/1/delete/", {}),
    ):
        answer = client.post(path, fields)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    customer.user.refresh_from_db()
    assert customer.user.username != "x"
    assert customer.user.state == State.ACTIVE


def test_wrong_passwords_lock_the_name_and_unknown_names_say_the_same(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    texts = []
    for name in (user.username, "nobody-of-this-name"):
        browser.open("/accounts/staff/")
        page = browser.submit("/accounts/staff/", login=name, password="wrong")
        assert page.status_code == 200
        texts.append(page.text.replace(name, ""))
    assert "not correct" in texts[0]
    assert texts[0].count("not correct") == texts[1].count("not correct")
    for _ in range(4):
        browser.open("/accounts/staff/")
        browser.submit("/accounts/staff/", login=user.username, password="wrong")
    other = Browser(browser.server)
    assert sign_in(other, user.username, password) == "/accounts/staff/"
    assert other.page is not None
    assert "Too many failed login attempts" in other.page.text


def test_wrong_codes_lock_the_factor(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    secret = enrol(user)
    sign_in(browser, user.username, password)
    for _ in range(5):
        browser.submit("/accounts/2fa/authenticate/", code="000000")
    page = browser.submit("/accounts/2fa/authenticate/", code=code(secret))
    assert urlsplit(page.url).path == "/accounts/2fa/authenticate/"
    assert urlsplit(browser.open("/admin/").url).path in LOCKED_OUT


def test_customers_cannot_sign_in_with_a_password(browser: Browser, customer: Customer) -> None:
    customer.user.set_password("a-long-password-1")
    customer.user.save()
    assert sign_in(browser, customer.user.username, "a-long-password-1") == "/accounts/staff/"
    assert urlsplit(browser.open("/dashboard").url).path == "/sign-in"


def test_the_secrets_of_factors_are_encrypted_and_can_be_rotated() -> None:
    user, _ = make_staff(superuser=True)
    secret = enrol(user)
    row = Authenticator.objects.get(user=user)
    assert secret not in str(row.data)
    assert ciphers.decrypt(row.data["secret"].encode()) == secret
    old, new = list(settings.ENCRYPTION_KEYS), Fernet.generate_key().decode()
    try:
        with override_settings(ENCRYPTION_KEYS=[new, *old]):
            call_command("rotate_secrets", stdout=io.StringIO())
        row.refresh_from_db()
        with override_settings(ENCRYPTION_KEYS=[new]):
            assert ciphers.decrypt(row.data["secret"].encode()) == secret
    finally:
        # The other processes of the tests know only the older keys.
        with override_settings(ENCRYPTION_KEYS=[*old, new]):
            call_command("rotate_secrets", stdout=io.StringIO())
    row.refresh_from_db()
    assert ciphers.decrypt(row.data["secret"].encode()) == secret


def test_a_recovery_code_counts_and_is_not_kept_in_clear(browser: Browser) -> None:
    user, password = make_staff(superuser=True)
    sign_in(browser, user.username, password)
    enrol_on_page(browser)
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    codes = row.wrap().get_unused_codes()
    assert codes[0] not in str(row.data)
    again = Browser(browser.server)
    sign_in(again, user.username, password)
    page = again.submit("/accounts/2fa/authenticate/", code=codes[0])
    assert urlsplit(page.url).path == "/admin/"


def test_make_staff_keeps_who_is_known_and_resets_lost_factors(customer: Customer) -> None:
    out = io.StringIO()
    call_command("make_staff", customer.user.username, "--role", "support", stdout=out)
    assert "signs in as before" in out.getvalue()
    user = User.objects.get(pk=customer.user.pk)
    assert user.is_staff
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["support"]
    enrol(user)
    call_command("make_staff", user.username, "--reset-second-factor", stdout=out)
    assert not Authenticator.objects.filter(user=user).exists()
    with pytest.raises(CommandError):
        call_command("make_staff", "somebody", stdout=out)
    with pytest.raises(CommandError):
        call_command("make_staff", "nobody", "--reset-second-factor", stdout=out)


def test_the_admins_policy_allows_nothing_foreign(database: None) -> None:
    client: Client = staff_client(superuser=True)
    policy = client.get("/admin/").headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert [part for part in policy if "http" in part and "form-action" not in part] == []


def test_nobody_locks_staff_out_with_a_name_like_theirs(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user, password = make_staff("support")
    other = Browser(browser.server)
    new_member(other, nabzclan, name=user.username.upper())
    other.open("/account")
    assert other.submit("/account/username", username=user.username.title()).status_code == 400
    assert sign_in(browser, user.username, password) != "/accounts/staff/"


def test_every_page_of_second_factors_opens(database: None) -> None:
    client = staff_client(["support"])
    user = User.objects.get(pk=client.session["_auth_user_id"])
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {}}
    )
    session = client.session
    session[SIGNED_IN_AT] = time.time()
    session.save()
    for page in ("", "totp/deactivate/", "webauthn/", "recovery-codes/generate/"):
        assert client.get(f"/accounts/2fa/{page}").status_code == 200, page


@pytest.mark.parametrize("path", ["gateway/provider/add/", "gateway/viplevel/add/"])
def test_whatever_is_posted_in_the_admin_asks_for_the_factor_anew(
    database: None, path: str
) -> None:
    client = staff_client(["operator"])
    session = client.session
    session[second_factor.SHOWN_AT] = time.time() - settings.RECENT_SIGN_IN_MINUTES * 60 - 1
    session.save()
    assert client.get(f"/admin/{path}").status_code == 200
    answer = client.post(f"/admin/{path}", {"name": "x"})
    assert answer.status_code == 302
    assert "reauthenticate" in answer.headers["Location"]
