"""People make, limit, rotate and revoke their keys on the website."""

import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from accounts import states
from accounts.models import Session, User
from billing import accounts, budgets, ledger
from gateway import keys
from gateway.models import ApiKey
from tests.accounts.people import new_member
from tests.accounts.test_staff import age
from tests.people import Browser, NabzClanProcess
from tests.processes import Server, wait_until

KEY = re.compile(r"lx-[0-9A-Za-z]{39}")
PLAIN = {"name": "Laptop", "scopes": ["inference", "usage"]}


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


@pytest.fixture
def member(browser: Browser, nabzclan: NabzClanProcess) -> User:
    user = new_member(browser, nabzclan)
    account = accounts.open_for(user)
    ledger.post(account=account.id, kind="grant", amount=10_000_000, reference=f"page {user.pk}")
    return user


def make(browser: Browser, **fields: object) -> str:
    """Make a key on the page, and return its text."""
    browser.open("/keys/new")
    page = browser.submit("/keys/new", **(PLAIN | fields))
    assert page.status_code == 200, page.text
    found = re.search(r'<output id="secret">([^<]+)</output>', page.text)
    assert found is not None, re.findall(r'class="error".*', page.text)
    return found[1]


def call(server: Server, key: str, model: str = "echo") -> requests.Response:
    return requests.post(
        f"{server.api}/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "Hi"}]},
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )


def shown(server: Server, key: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {key}"}
    found: dict[str, object] = requests.get(f"{server.api}/key", headers=headers, timeout=10).json()
    return found


def test_a_key_made_on_the_page_calls_the_api(
    server: Server, browser: Browser, member: User
) -> None:
    key = make(browser)
    assert call(server, key).status_code == 200


def test_the_text_is_shown_once_and_kept_nowhere(browser: Browser, member: User) -> None:
    key = make(browser)
    assert browser.page is not None
    assert "no-store" in browser.page.headers["Cache-Control"]
    for path in ("/keys", "/dashboard", f"/keys/{member.api_keys.get().pk}"):
        assert key not in browser.open(path).text
    session = Session.objects.get(pk=browser.cookies["session"])
    assert key not in str(session.get_decoded())


def test_all_that_is_typed_in_is_what_the_api_enforces(
    server: Server, browser: Browser, member: User
) -> None:
    key = make(
        browser,
        lifetime="30",
        scopes=["inference"],
        minute_limit="7",
        day_limit="70",
        token_limit="7000",
        concurrency_limit="3",
        day_spend="0.000001",
        month_spend="2.5",
        total_spend="1000000",
        allowed_models=["echo", "echo-cached"],
        allowed_networks="127.0.0.1\n10.0.0.0/8",
        log_days="7",
    )
    found = shown(server, key)
    limits, spend = found["limits"], found["spend"]
    assert isinstance(limits, dict)
    assert isinstance(spend, dict)
    assert found["scopes"] == ["inference"]
    assert found["log_days"] == 7
    assert found["allowed_models"] == ["echo", "echo-cached"]
    assert found["allowed_networks"] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert (limits["minute"]["limit"], limits["day"]["limit"]) == (7, 70)
    assert (limits["tokens"]["limit"], limits["concurrency"]["limit"]) == (7_000, 3)
    assert spend["day"]["limit_micro"] == 1
    assert spend["month"]["limit_micro"] == 2_500_000
    assert spend["total"]["limit_micro"] == 10**12
    assert abs(int(str(found["expires"])) - time.time() - 30 * 86_400) < 60
    assert call(server, key, "echo-slow").status_code == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Fill this in."),
        ({"name": "x" * 81}, "Write 80 characters at the most."),
        ({"name": "a\x07b"}, "Use characters that can be seen."),
        ({"scopes": []}, "Choose one at the least."),
        ({"minute_limit": "0"}, "Write 1 or more."),
        ({"minute_limit": "1001"}, "Write 1,000 or less."),
        ({"day_limit": "10001"}, "Write 10,000 or less."),
        ({"day_spend": "-1"}, "Write 0.000001 or more."),
        ({"day_spend": "0.0000001"}, "Write 6 decimals at the most."),
        ({"day_spend": "NaN"}, "Write a number, such as 2.5."),
        ({"day_spend": "1e30"}, "Write 1,000,000 or less."),
        ({"allowed_models": ["nope"]}, "Choose one of the list."),
        ({"allowed_networks": "everywhere"}, "One of these is no network"),
        ({"log_days": "31"}, "Write 30 or less."),
        ({"log_days": "-1"}, "Write 0 or more."),
        ({"lifetime": "day"}, "Choose a day."),
        ({"lifetime": "day", "until": "2020-01-01"}, "Choose a day that is still to come."),
        ({"until": "2020-01-01"}, "Choose a day that is still to come."),
        ({"lifetime": "day", "until": "soon"}, "Write a day such as 2027-03-31."),
        ({"until": "soon"}, "Write a day such as 2027-03-31."),
        ({"until": "2999-01-01"}, "Choose a day in the next 10 years."),
        ({"until": "9999-12-31"}, "Choose a day in the next 10 years."),
        ({"lifetime": "30", "until": "2999-01-01"}, "You chose another end above."),
        ({"lifetime": "forever"}, "Choose one of the list."),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field_and_makes_no_key(
    browser: Browser, member: User, fields: dict[str, object], words: str
) -> None:
    browser.open("/keys/new")
    page = browser.submit("/keys/new", **(PLAIN | fields))
    assert page.status_code == 400
    assert words in page.text
    assert member.api_keys.count() == 0


@pytest.mark.parametrize("chosen", [{"lifetime": "day"}, {"lifetime": "never"}, {}])
def test_a_day_that_is_typed_in_is_when_the_key_ends(
    browser: Browser, member: User, chosen: dict[str, str]
) -> None:
    make(browser, until="2035-03-01", **chosen)
    assert member.api_keys.get().expires_at == datetime(2035, 3, 1, tzinfo=UTC)


def test_the_end_of_a_key_stays_changes_and_goes_as_chosen(browser: Browser, member: User) -> None:
    make(browser)
    row = member.api_keys.get()
    assert row.expires_at is None
    first, second = datetime(2035, 3, 1, tzinfo=UTC), datetime(2035, 4, 1, tzinfo=UTC)
    for fields, end in (
        ({"lifetime": "keep", "until": "2035-03-01"}, first),
        ({"lifetime": "keep"}, first),
        ({}, first),
        ({"lifetime": "day", "until": "2035-04-01"}, second),
        ({"lifetime": "never"}, None),
    ):
        browser.open(f"/keys/{row.pk}")
        page = browser.submit(f"/keys/{row.pk}", **(PLAIN | fields))
        assert page.status_code == 200, fields
        row.refresh_from_db()
        assert row.expires_at == end, fields
    ApiKey.objects.filter(pk=row.pk).update(expires_at=first)
    assert "1 March 2035, 00:00 UTC, as it is" in browser.open(f"/keys/{row.pk}").text
    # Two ends at once are refused, not guessed at.
    page = browser.submit(f"/keys/{row.pk}", **PLAIN, lifetime="never", until="2035-04-01")
    assert "You chose another end above." in page.text
    row.refresh_from_db()
    assert row.expires_at == first


def test_a_key_is_changed_and_the_change_counts(
    server: Server, browser: Browser, member: User
) -> None:
    key = make(browser, minute_limit="50")
    row = member.api_keys.get()
    page = browser.open(f"/keys/{row.pk}")
    assert 'value="50"' in page.text
    browser.submit(
        f"/keys/{row.pk}", **(PLAIN | {"name": "Server", "lifetime": "keep", "day_spend": "1"})
    )
    wait_until(lambda: shown(server, key)["name"] == "Server", seconds=8)
    limits = shown(server, key)["limits"]
    assert isinstance(limits, dict)
    assert limits["minute"]["limit"] == 60


def test_the_days_in_the_log_are_30_and_stay_what_was_chosen(
    browser: Browser, member: User
) -> None:
    make(browser)
    row = member.api_keys.get()
    assert row.log_days == 30
    page = browser.open(f"/keys/{row.pk}")
    assert 'name="log_days" value="30"' in page.text
    for days in ("0", ""):
        browser.open(f"/keys/{row.pk}")
        browser.submit(f"/keys/{row.pk}", **(PLAIN | {"lifetime": "keep", "log_days": days}))
        row.refresh_from_db()
        assert row.log_days == 0
    assert "no log" in browser.open("/keys").text
    page = browser.open("/privacy/centre")
    assert "not logged" in page.text
    assert f'href="/keys/{row.pk}#log"' in page.text
    assert "so calls are missing here" in browser.open("/dashboard").text


def test_rotating_shows_a_new_text_and_lets_the_old_one_overlap(
    server: Server, browser: Browser, member: User
) -> None:
    old = make(browser)
    row = member.api_keys.get()
    browser.open(f"/keys/{row.pk}/rotate")
    page = browser.submit(f"/keys/{row.pk}/rotate", overlap="3600")
    new = KEY.findall(page.text)[0]
    assert new != old
    assert call(server, new).status_code == 200
    assert call(server, old).status_code == 200
    assert re.search(
        r'old text works for <time [^>]+UTC">59 more minutes<', browser.open("/keys").text
    )
    browser.open(f"/keys/{row.pk}/rotate")
    page = browser.submit(f"/keys/{row.pk}/rotate", overlap="0")
    time.sleep(1)
    assert {call(server, new).status_code for _ in range(6)} == {401}
    assert call(server, KEY.findall(page.text)[0]).status_code == 200


def test_a_revoked_key_is_refused_within_a_second_and_listed_as_revoked(
    server: Server, browser: Browser, member: User
) -> None:
    key = make(browser)
    assert call(server, key).status_code == 200
    row = member.api_keys.get()
    browser.open("/keys")
    page = browser.submit(f"/keys/{row.pk}/revoke")
    assert "revoked" in page.text
    time.sleep(1)
    assert {call(server, key).status_code for _ in range(6)} == {401}
    assert browser.open(f"/keys/{row.pk}").status_code == 404


def test_a_key_is_revoked_without_a_script_on_a_page_that_asks(
    browser: Browser, member: User
) -> None:
    make(browser)
    row = member.api_keys.get()
    path = f"/keys/{row.pk}/revoke"
    assert f'action="{path}"><button class="button" data-size="s" data-open=' in (
        browser.open("/keys").text
    )
    assert "Revoke Laptop?" in browser.open(path).text
    row.refresh_from_db()
    assert row.revoked_at is None
    assert "Laptop is revoked." in browser.submit(path).text
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert browser.open(path).status_code == 404


def test_what_a_key_may_do_and_has_used_of_it_is_seen(
    server: Server, browser: Browser, member: User
) -> None:
    key = make(
        browser, day_limit="70", day_spend="5", token_limit="7000", concurrency_limit="3",
        scopes=["inference"], allowed_networks="127.0.0.1", log_days="7",
    )  # fmt: skip
    row = member.api_keys.get()
    assert [call(server, key).status_code for _ in range(2)] == [200, 200]
    spent = budgets.spent(row.pk).day
    page = browser.open("/keys").text
    for words in (
        "7,000 tokens a minute", "3 calls at once", "only calls models", "only from 127.0.0.1/32",
        "7 days in the log", 'max="70" value="2"', f'max="5000000" value="{spent}"',
        f'href="/usage?key={row.pk.hex}"',
    ):  # fmt: skip
        assert words in page, words


def test_anothers_keys_are_not_there(
    browser: Browser, member: User, nabzclan: NabzClanProcess
) -> None:
    make(browser)
    row = member.api_keys.get()
    stranger = Browser(browser.server)
    new_member(stranger, nabzclan)
    assert stranger.open(f"/keys/{row.pk}").status_code == 404
    assert stranger.open(f"/keys/{row.pk}/rotate").status_code == 404
    stranger.open("/keys")
    assert "Laptop" not in (stranger.page.text if stranger.page else "")
    stranger.open("/account")
    for path in (f"/keys/{row.pk}/revoke", f"/keys/{row.pk}", f"/keys/{row.pk}/rotate"):
        assert stranger.submit(path, **(PLAIN | {"overlap": "0"})).status_code == 404
        stranger.open("/account")
    row.refresh_from_db()
    assert row.revoked_at is None


def test_making_a_key_asks_for_a_recent_sign_in(browser: Browser, member: User) -> None:
    make(browser)
    row = member.api_keys.get()
    age(browser, "signed_in_at")
    for path in ("/keys/new", f"/keys/{row.pk}/rotate"):
        page = browser.open(path)
        assert urlsplit(page.url).path == "/sign-in/again"
    assert browser.open("/keys").status_code == 200
    browser.open("/sign-in/again?next=/keys/new")
    browser.submit("/accounts/nabzclan/login/?fresh=1", next="/keys/new")
    page = browser.consent(int(member.nabzclan_id or 0))
    assert urlsplit(page.url).path == "/keys/new"
    make(browser)
    assert member.api_keys.count() == 2


def test_a_form_sent_too_long_after_the_sign_in_is_said_to_be_not_taken(
    browser: Browser, member: User
) -> None:
    browser.open("/keys/new")
    age(browser, "signed_in_at")
    page = browser.submit("/keys/new", **PLAIN)
    assert urlsplit(page.url).path == "/sign-in/again"
    assert "nothing was made or changed" in page.text
    browser.submit("/accounts/nabzclan/login/?fresh=1", next="/keys/new")
    page = browser.consent(int(member.nabzclan_id or 0))
    assert urlsplit(page.url).path == "/keys/new"
    assert "nothing was made or changed" in page.text
    assert "fill it in again" in page.text
    assert "nothing was made" not in browser.open("/keys/new").text
    assert member.api_keys.count() == 0


def test_a_frozen_account_makes_no_keys(browser: Browser, member: User) -> None:
    states.freeze(member)
    browser.open("/keys/new")
    page = browser.submit("/keys/new", **PLAIN)
    assert page.status_code == 400
    assert "Your account is frozen" in page.text
    assert member.api_keys.count() == 0


def test_a_hundred_keys_are_enough(browser: Browser, member: User) -> None:
    traces = {"pepper_version": 1, "prefix": "lx-0000", "last4": "0000"}
    ApiKey.objects.bulk_create(
        ApiKey(user=member, name="k", digest=f"{member.pk.hex}{n}".encode()[-32:], **traces)
        for n in range(100)
    )
    browser.open("/keys/new")
    page = browser.submit("/keys/new", **PLAIN)
    assert page.status_code == 400
    assert "You have 100 keys in force." in page.text


def test_keys_cannot_be_made_without_end(browser: Browser, member: User) -> None:
    statuses = []
    for _ in range(32):
        browser.open("/keys/new")
        statuses.append(browser.submit("/keys/new", name="").status_code)
    assert statuses[:30] == [400] * 30
    assert statuses[30:] == [429, 429]


def test_a_frozen_accounts_keys_get_no_new_text(browser: Browser, member: User) -> None:
    make(browser)
    key = member.api_keys.get()
    states.freeze(member)
    browser.open(f"/keys/{key.pk}/rotate")
    page = browser.submit(f"/keys/{key.pk}/rotate", overlap="0")
    assert "Your account is frozen" in page.text
    last4 = key.last4
    key.refresh_from_db()
    assert key.last4 == last4


def test_a_key_no_longer_in_force_claims_no_old_text(browser: Browser, member: User) -> None:
    key, _ = keys.issue(member, name="Laptop")
    keys.rotate(key, overlap=timedelta(days=7))
    assert "old text works" in browser.open("/keys").text
    hour_ago = timezone.now() - timedelta(hours=1)
    for gone in ({"expires_at": hour_ago}, {"expires_at": None, "revoked_at": hour_ago}):
        ApiKey.objects.filter(pk=key.pk).update(**gone)
        page = browser.open("/keys").text
        assert "no longer in force" in page
        assert "old text works" not in page


def test_an_expired_key_gets_a_new_end_before_a_new_text(browser: Browser, member: User) -> None:
    key, _ = keys.issue(member, name="Laptop")
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    assert f"/keys/{key.pk}/rotate" not in browser.open("/keys").text
    browser.open("/account")
    for page in (
        browser.open(f"/keys/{key.pk}/rotate"),
        browser.submit(f"/keys/{key.pk}/rotate", overlap="0"),
    ):
        assert urlsplit(page.url).path == f"/keys/{key.pk}"
        assert "Laptop has expired. Give it a new end first" in page.text
    digest = bytes(key.digest)
    key.refresh_from_db()
    assert bytes(key.digest) == digest
    browser.submit(f"/keys/{key.pk}", **PLAIN, lifetime="30")
    browser.open(f"/keys/{key.pk}/rotate")
    assert KEY.search(browser.submit(f"/keys/{key.pk}/rotate", overlap="0").text)


@pytest.mark.parametrize(
    ("fields", "sample"),
    [
        ({"scopes": ["usage"]}, "/api/v1/usage"),
        ({"allowed_models": ["echo-embed"]}, "/api/v1/embeddings"),
        ({"allowed_models": ["echo-embed", "thinker"]}, "/api/v1/chat/completions"),
        ({}, "/api/v1/chat/completions"),
    ],
)
def test_the_first_call_is_one_that_the_key_may_make(
    browser: Browser, member: User, fields: dict[str, object], sample: str
) -> None:
    key = make(browser, **fields)
    assert browser.page is not None
    words = re.sub(r"<[^>]+>", "", browser.page.text)
    shell = re.search(r"curl (?:-N )?\S+(/api/v1/\S+)", words)
    assert shell is not None
    assert shell[1] == sample
    assert words.count(key) >= 4
