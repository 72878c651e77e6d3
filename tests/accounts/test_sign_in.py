"""People sign in with NabzClan and in no other way, and nothing goes wrong unnoticed."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from accounts.models import NabzClanLink, Session, User
from tests.accounts.people import new_member
from tests.customers import Customer, visit
from tests.people import Browser, NabzClanProcess
from tests.processes import Server, free_port


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def callback_of(browser: Browser, person: int) -> str:
    """Consent, and return the address that NabzClan leads back to, without going there."""
    assert browser.page is not None
    found = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', browser.page.text)
    )
    answer = browser.post(
        browser.page.url.split("?")[0],
        data={name: value.replace("&amp;", "&") for name, value in found.items()}
        | {"person": str(person)},
        allow_redirects=False,
        timeout=10,
    )
    return answer.headers["Location"]


def test_a_newcomer_accepts_and_lands_on_the_dashboard(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person(name="Ada", vip=2)
    browser.go_to_nabzclan()
    page = browser.consent(person["id"])
    assert page.url.endswith("/welcome")
    assert not User.objects.filter(nabzclan_id=str(person["id"])).exists()
    page = browser.submit("/welcome", age="13", accept="on")
    assert urlsplit(page.url).path == "/dashboard"
    user = User.objects.get(nabzclan_id=str(person["id"]))
    assert (user.username, user.email, user.vip_level) == ("Ada", person["email"], 2)
    assert not user.has_usable_password()


def test_exactly_what_the_policy_lists_is_kept(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    link = user.nabzclan
    kept = " ".join(str(value) for value in [*vars(user).values(), *vars(link).values()])
    assert "birth" not in kept
    assert "member" not in kept
    tokens = {link.access_token, link.refresh_token}
    assert all(token and token not in kept for token in tokens)


def test_no_model_of_accounts_has_a_column_that_the_policy_does_not_list() -> None:
    listed = {"id", "nabzclan_id", "username", "email", "vip_level", "vip_expires_at"}
    ours = {"password", "is_superuser", "state", "is_active", "is_staff", "created_at"}
    choices = {"mail_low_balance", "mail_receipts", "mail_news"}
    assert {field.name for field in User._meta.fields} == listed | ours | choices
    sent = {"user", "username", "email", "avatar_url"}
    tokens = {"encrypted_access", "encrypted_refresh", "access_until"}
    state = {"id", "corrected", "synced_at", "tried_at", "failures", "email_set_at"}
    assert {field.name for field in NabzClanLink._meta.fields} == sent | tokens | state


def test_somebody_known_goes_straight_on(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    again = Browser(browser.server)
    again.go_to_nabzclan("/keys")
    page = again.consent(int(user.nabzclan_id or 0))
    assert urlsplit(page.url).path == "/keys"


@pytest.mark.parametrize("wanted", ["here", "'; --", "-1", "é" * 300, "keys\x00"])
def test_a_next_page_that_is_no_path_is_not_followed(customer: Customer, wanted: str) -> None:
    answer = visit(customer).get("/sign-in", {"next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard")


@pytest.mark.parametrize("bad", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_foreign_next_page_is_not_followed(
    browser: Browser, nabzclan: NabzClanProcess, bad: str
) -> None:
    user = new_member(browser, nabzclan)
    again = Browser(browser.server)
    again.go_to_nabzclan(bad)
    page = again.consent(int(user.nabzclan_id or 0))
    assert page.url == f"{browser.server.url}/dashboard"


def test_a_callback_with_a_foreign_state_is_refused(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    attacker, victim = Browser(browser.server), Browser(browser.server)
    attacker.go_to_nabzclan()
    stolen = callback_of(attacker, int(user.nabzclan_id or 0))
    victim.go_to_nabzclan()
    page = victim.get(stolen, timeout=10)
    assert page.status_code == 401
    assert "This sign-in has expired" in page.text
    assert urlsplit(victim.open("/dashboard").url).path == "/sign-in"


def test_a_callback_works_once(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    again = Browser(browser.server)
    again.go_to_nabzclan()
    callback = callback_of(again, int(user.nabzclan_id or 0))
    assert urlsplit(again.get(callback, timeout=10).url).path == "/dashboard"
    assert again.get(callback, timeout=10).status_code == 401


@pytest.mark.parametrize("change", [{"state": ["wrong"]}, {"state": []}, {"code": ["wrong"]}])
def test_a_changed_callback_is_refused(
    browser: Browser, nabzclan: NabzClanProcess, change: dict[str, list[str]]
) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    parts = urlsplit(callback_of(browser, person["id"]))
    query = parse_qs(parts.query) | change
    changed = parts._replace(query=urlencode(query, doseq=True)).geturl()
    assert browser.get(changed, timeout=10).status_code == 401
    assert not User.objects.filter(nabzclan_id=str(person["id"])).exists()


def test_the_code_alone_is_worth_nothing_without_the_verifier(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    stolen = parse_qs(urlsplit(callback_of(browser, person["id"])).query)["code"][0]
    thief = Browser(browser.server)
    thief.go_to_nabzclan()
    assert thief.page is not None
    own = parse_qs(urlsplit(thief.page.url).query)["state"][0]
    callback = "/accounts/nabzclan/login/callback/"
    query = urlencode({"code": stolen, "state": own})
    assert thief.open(f"{callback}?{query}").status_code == 401
    assert urlsplit(thief.open("/dashboard").url).path == "/sign-in"


def test_the_request_carries_state_and_an_s256_challenge(browser: Browser) -> None:
    page = browser.go_to_nabzclan()
    query = parse_qs(urlsplit(page.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 16
    assert set(query["scope"][0].split()) == {"identity", "email", "vip"}


def test_an_extra_scope_cannot_be_asked_for_by_address(browser: Browser) -> None:
    browser.open(f"{browser.server.url}/sign-in")
    page = browser.submit("/accounts/nabzclan/login/?scope=admin&auth_params=prompt%3Dnone")
    query = parse_qs(urlsplit(page.url).query)
    assert set(query["scope"][0].split()) == {"identity", "email", "vip"}
    assert "prompt" not in query


def test_refusing_at_nabzclan_leads_back_without_a_trace(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    browser.go_to_nabzclan()
    assert browser.page is not None
    found = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', browser.page.text)
    )
    data = {name: value.replace("&amp;", "&") for name, value in found.items()} | {"refuse": "1"}
    page = browser.post(browser.page.url.split("?")[0], data=data, timeout=10)
    assert page.status_code == 200
    assert "You did not sign in" in page.text


@pytest.mark.parametrize("endpoint", ["token", "user"])
@pytest.mark.parametrize(
    "fault", ["500", "503", "429", "garbage", "html", "empty", "reset", "wrong-types"]
)
def test_faults_of_nabzclan_are_said_and_sign_nobody_in(
    browser: Browser, nabzclan: NabzClanProcess, endpoint: str, fault: str
) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    nabzclan.fault(endpoint, fault)
    try:
        page = browser.consent(person["id"])
    finally:
        nabzclan.fault(endpoint, None)
    assert page.status_code in (401, 503), page.text[:300]
    assert "NabzClan" in page.text
    assert not User.objects.filter(nabzclan_id=str(person["id"])).exists()
    assert urlsplit(browser.open("/dashboard").url).path == "/sign-in"


def test_a_silent_nabzclan_is_given_up_in_time(browser: Browser, nabzclan: NabzClanProcess) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    nabzclan.fault("token", "timeout")
    try:
        page = browser.consent(person["id"])
    finally:
        nabzclan.fault("token", None)
    assert page.status_code == 503
    assert "does not answer right now" in page.text


def test_an_equal_address_never_links_two_people(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    first = new_member(browser, nabzclan)
    other = nabzclan.new_person(email=first.email, name=first.username)
    second = Browser(browser.server)
    second.sign_in(other["id"])
    found = User.objects.get(nabzclan_id=str(other["id"]))
    assert found.pk != first.pk
    assert found.email == first.email
    assert found.username == f"{first.username}-2"
    first.refresh_from_db()
    assert first.sessions.count() == 1


def test_nobody_signs_up_with_a_password(server: Server) -> None:
    for path in ("/accounts/signup", "/accounts/signup/", "/accounts/password/reset/"):
        answer = requests.get(server.url + path, timeout=10, allow_redirects=False)
        assert answer.status_code in (302, 404)


def test_somebody_else_signing_in_ends_the_first_session(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    first = new_member(browser, nabzclan)
    second = nabzclan.new_person()
    browser.open("/sign-in/again")
    browser.submit("/accounts/nabzclan/login/?fresh=1", next="/keys")
    browser.consent(second["id"])
    assert first.sessions.count() == 0


def test_a_fresh_sign_in_is_asked_of_nabzclan(browser: Browser, nabzclan: NabzClanProcess) -> None:
    new_member(browser, nabzclan)
    browser.open("/sign-in/again")
    page = browser.submit("/accounts/nabzclan/login/?fresh=1", next="/account")
    assert parse_qs(urlsplit(page.url).query)["prompt"] == ["login"]


def test_a_signed_in_person_stays_so_while_nabzclan_is_away(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    new_member(browser, nabzclan)
    for endpoint in ("token", "user"):
        nabzclan.fault(endpoint, "500")
    try:
        assert browser.open("/account").status_code == 200
    finally:
        for endpoint in ("token", "user"):
            nabzclan.fault(endpoint, None)


def test_people_sign_in_while_redis_is_away(
    environment: dict[str, str], nabzclan: NabzClanProcess
) -> None:
    away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    server = Server(environment=environment | away, workers=1, up="/healthz")
    try:
        person = nabzclan.new_person()
        for _ in range(2):
            page = Browser(server).sign_in(person["id"])
            assert page.status_code == 200, page.text[:300]
            assert urlsplit(page.url).path == "/dashboard"
    finally:
        server.stop()


def test_the_session_of_a_waiting_newcomer_holds_nothing_in_clear(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person(name="Clear-Canary")
    browser.go_to_nabzclan()
    browser.consent(person["id"])
    key = browser.cookies["session"]
    row = Session.objects.get(pk=key)
    decoded = row.get_decoded()
    assert "Clear-Canary" not in str(decoded)
    assert person["email"] not in str(decoded)


def test_tokens_are_encrypted_at_rest(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    link = NabzClanLink.objects.get(user=user)
    stored = bytes(link.encrypted_access) + bytes(link.encrypted_refresh)
    assert link.access_token.encode() not in stored
    assert link.refresh_token.encode() not in stored


def test_a_person_who_is_inactive_cannot_sign_in(
    browser: Browser, nabzclan: NabzClanProcess, new_customer: Callable[..., object]
) -> None:
    user = new_member(browser, nabzclan)
    user.is_active = False
    user.save(update_fields=["is_active"])
    again = Browser(browser.server)
    again.go_to_nabzclan()
    again.consent(int(user.nabzclan_id or 0))
    assert urlsplit(again.open("/dashboard").url).path == "/sign-in"
