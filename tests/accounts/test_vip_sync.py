"""VIP is asked for again in time; no bad answer ever takes a level away."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import vip
from accounts.models import NabzClanLink, User
from billing import accounts
from gateway import keys
from gateway.models import VipLevel
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def waiting(user: User, *, minutes: int = 60) -> None:
    """Let so many minutes have passed since NabzClan was asked about everybody, and them."""
    NabzClanLink.objects.update(tried_at=timezone.now())
    past = timezone.now() - timedelta(minutes=minutes)
    NabzClanLink.objects.filter(user=user).update(tried_at=past, synced_at=past)


def test_a_change_is_seen_by_the_api_within_a_minute(
    server: Server, browser: Browser, nabzclan: NabzClanProcess
) -> None:
    VipLevel.objects.get_or_create(
        level=3, defaults={"minute_limit": 200, "day_limit": 2_000, "price_percent": 90}
    )
    user = new_member(browser, nabzclan)
    row, key = keys.issue(user, name="Test")
    customer = Customer(user, accounts.open_for(user), row, key)
    assert customer.get(server, "key").json()["vip"] == {"level": 0, "price_percent": 100}
    nabzclan.control(f"people/{user.nabzclan_id}", vip=3)
    waiting(user)
    began = time.monotonic()
    assert vip.sync_all()["synced"] == 1
    while True:
        seen = [customer.get(server, "key").json() for _ in range(8)]
        if all(one["vip"]["level"] == 3 for one in seen):
            break
        assert time.monotonic() - began < 60
        time.sleep(0.2)
    expected = VipLevel.objects.get(level=3)
    assert seen[0]["vip"]["price_percent"] == expected.price_percent
    assert seen[0]["limits"]["minute"]["limit"] == expected.minute_limit


@pytest.mark.parametrize(
    "fault", ["500", "503", "429", "garbage", "html", "empty", "reset", "wrong-types", "no-id"]
)
def test_no_bad_answer_takes_a_level_away(
    browser: Browser, nabzclan: NabzClanProcess, fault: str
) -> None:
    user = new_member(browser, nabzclan, vip=4)
    nabzclan.fault("user", fault)
    try:
        assert vip.sync(user) == "failed"
    finally:
        nabzclan.fault("user", None)
    user.refresh_from_db()
    assert user.vip_level == 4
    assert user.nabzclan.failures == 1
    assert vip.sync(user) == "synced"
    user.nabzclan.refresh_from_db()
    assert user.nabzclan.failures == 0


def test_a_level_that_ended_is_taken_away_by_a_good_answer(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan, vip=4)
    nabzclan.control(f"people/{user.nabzclan_id}", vip=None)
    assert vip.sync(user) == "synced"
    user.refresh_from_db()
    assert (user.vip_level, user.vip_expires_at) == (0, None)


def test_an_expired_token_is_renewed_and_the_new_one_kept(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    link = user.nabzclan
    before = (link.access_token, link.refresh_token)
    link.access_until = timezone.now() - timedelta(minutes=1)
    link.save(update_fields=["access_until"])
    assert vip.sync(user) == "synced"
    link.refresh_from_db()
    assert link.access_token != before[0]
    assert link.refresh_token != before[1]
    assert vip.sync(user) == "synced"


def test_refused_tokens_leave_everything_as_it_is(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan, vip=2)
    vip.forget(user)
    link = NabzClanLink.objects.get(user=user)
    assert (bytes(link.encrypted_access), bytes(link.encrypted_refresh)) == (b"", b"")
    waiting(user)
    assert vip.sync_all()["synced"] == 0
    user.refresh_from_db()
    assert user.vip_level == 2


def test_tokens_are_revoked_at_nabzclan(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    link = user.nabzclan
    kept = NabzClanLink(user=user)
    kept.encrypted_access, kept.encrypted_refresh = link.encrypted_access, link.encrypted_refresh
    vip.forget(user)
    NabzClanLink.objects.filter(user=user).update(
        encrypted_access=kept.encrypted_access, encrypted_refresh=kept.encrypted_refresh
    )
    user = User.objects.get(pk=user.pk)
    assert vip.sync(user) == "refused"


def test_who_fails_often_is_asked_less_often(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    user.sessions.all().delete()
    waiting(user, minutes=20)
    assert [link.user for link in vip.due()] == [user]
    NabzClanLink.objects.filter(user=user).update(failures=3)
    assert vip.due() == []
    waiting(user, minutes=15 * 8 + 1)
    assert [link.user for link in vip.due()] == [user]


def test_who_is_on_the_website_is_asked_about_each_minute(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    waiting(user, minutes=1)
    assert [link.user for link in vip.due()] == [user]
    NabzClanLink.objects.filter(user=user).update(failures=3)
    assert vip.due() == []
    NabzClanLink.objects.filter(user=user).update(failures=0)
    user.sessions.update(last_seen_at=timezone.now() - timedelta(minutes=11))
    assert vip.due() == []


def test_staleness_is_shown(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    assert "This may be out of date" not in browser.open("/account").text
    waiting(user, minutes=60)
    assert "This may be out of date" in browser.open("/account").text
