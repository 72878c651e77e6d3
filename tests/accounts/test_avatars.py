"""Pictures are copied once, trusted in nothing, and served by us alone."""

import io
import re

import pytest
import requests
from django.test import override_settings
from kombu.exceptions import OperationalError
from PIL import Image

from accounts import avatars, vip
from accounts.models import Avatar, NabzClanLink, User
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "tomato").save(made, kind)
    return made.getvalue()


def fetched(user: User) -> Avatar:
    avatars.take_from_nabzclan(user)
    return Avatar.objects.get(user=user)


def test_the_picture_of_nabzclan_is_copied_encoded_anew_and_served_by_us(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    row = fetched(user)
    with Image.open(io.BytesIO(bytes(row.content))) as copied:
        assert (copied.format, copied.size) == ("WEBP", (128, 128))
    page = browser.open("/account").text
    assert nabzclan.url not in page
    found = re.search(r'src="(/account/avatar/[^"]+)"', page)
    assert found is not None
    answer = browser.get(browser.server.url + found[1], timeout=10)
    assert answer.headers["Content-Type"] == "image/webp"
    assert "private" in answer.headers["Cache-Control"]
    assert answer.content == bytes(row.content)


def test_only_its_owner_sees_a_picture(browser: Browser, nabzclan: NabzClanProcess) -> None:
    row = fetched(new_member(browser, nabzclan))
    url = f"{browser.server.url}/account/avatar/{row.digest}.webp"
    stranger = Browser(browser.server)
    new_member(stranger, nabzclan)
    assert stranger.get(url, timeout=10).status_code == 404
    assert "/sign-in" in requests.get(url, timeout=10).url


@pytest.mark.parametrize(
    "hostile",
    [
        "svg",
        "svg-honest",
        "bomb",
        "huge",
        "redirect",
        "loop",
        "garbage",
        "empty",
        "html",
        "slow",
        "500",
    ],
)
def test_a_hostile_picture_is_not_taken_and_the_old_one_stays(
    browser: Browser, nabzclan: NabzClanProcess, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avatars, "SECONDS", 3)
    user = new_member(browser, nabzclan)
    before = fetched(user).digest
    url = f"{nabzclan.url}/avatars/hostile/{hostile}"
    NabzClanLink.objects.filter(user=user).update(avatar_url=url)
    with pytest.raises(avatars.BadPicture) as refused:
        avatars.take_from_nabzclan(user)
    assert nabzclan.url not in str(refused.value)
    assert Avatar.objects.get(user=user).digest == before


def calls(nabzclan: NabzClanProcess, path: str) -> int:
    listed = requests.get(f"{nabzclan.url}/_calls", timeout=5).json()
    return sum(call["path"] == path for call in listed)


@pytest.mark.parametrize(("hostile", "tries"), [("500", 4), ("svg", 1)])
def test_a_picture_that_did_not_come_is_asked_for_again_and_a_bad_one_is_not(
    browser: Browser, nabzclan: NabzClanProcess, hostile: str, tries: int
) -> None:
    user = new_member(browser, nabzclan)
    path = f"/avatars/hostile/{hostile}"
    NabzClanLink.objects.filter(user=user).update(avatar_url=nabzclan.url + path)
    before = calls(nabzclan, path)
    avatars.copy.apply(args=(str(user.pk),))
    assert calls(nabzclan, path) - before == tries


def test_a_picture_that_nobody_could_be_told_to_copy_is_named_anew_by_the_next_answer(
    browser: Browser, nabzclan: NabzClanProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = new_member(browser, nabzclan)
    handed: list[tuple[str, ...]] = []

    def away(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(avatars.copy, "apply_async", away)
    nabzclan.control(f"people/{user.nabzclan_id}", avatar=f"{nabzclan.url}/avatars/2.png")
    assert vip.sync(User.objects.get(pk=user.pk)) == "synced"
    monkeypatch.setattr(avatars.copy, "apply_async", lambda **how: handed.append(how["args"]))
    for _ in range(2):
        assert vip.sync(User.objects.get(pk=user.pk)) == "synced"
    assert handed == [(str(user.pk),)]


def test_a_picture_that_is_gone_at_nabzclan_is_gone_here(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    fetched(user)
    nabzclan.control(f"people/{user.nabzclan_id}", avatar=None)
    assert vip.sync(User.objects.get(pk=user.pk)) == "synced"
    assert not Avatar.objects.filter(user=user).exists()


@pytest.mark.parametrize("kind", ["exif", "animated"])
def test_what_a_picture_carries_besides_itself_is_dropped(
    browser: Browser, nabzclan: NabzClanProcess, kind: str
) -> None:
    user = new_member(browser, nabzclan)
    url = f"{nabzclan.url}/avatars/hostile/{kind}"
    NabzClanLink.objects.filter(user=user).update(avatar_url=url)
    with Image.open(io.BytesIO(bytes(fetched(user).content))) as copied:
        assert not copied.getexif()
        assert getattr(copied, "n_frames", 1) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://localhost/a.png",
        "http://example.com/a.png",
        "https://user:password@example.com/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https://127.0.0.1.nip.io:1/a.png\n",
        "",
    ],
)
def test_an_address_that_is_not_public_is_never_called(url: str) -> None:
    with override_settings(STANDINS=False), pytest.raises(avatars.BadPicture):
        avatars.fetch(url)


def test_a_picture_of_ones_own_survives_nabzclan_and_can_be_undone(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    theirs = fetched(user).digest
    browser.open("/account")
    page = browser.submit("/account/avatar", files={"picture": ("me.png", picture(), "image/png")})
    assert page.status_code == 200
    own = Avatar.objects.get(user=user).digest
    assert own != theirs
    avatars.take_from_nabzclan(user)
    assert Avatar.objects.get(user=user).digest == own
    browser.submit("/account/avatar", none="1")
    assert not Avatar.objects.filter(user=user).exists()
    browser.open("/account")
    browser.submit("/account/undo/avatar")
    assert fetched(User.objects.get(pk=user.pk)).digest == theirs


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
    ],
)
def test_an_upload_that_is_no_picture_is_a_field_error(
    browser: Browser, nabzclan: NabzClanProcess, content: bytes
) -> None:
    user = new_member(browser, nabzclan)
    browser.open("/account")
    page = browser.submit("/account/avatar", files={"picture": ("a.png", content, "image/png")})
    assert page.status_code == 400
    assert "corrected by you" not in page.text
    assert "avatar" not in NabzClanLink.objects.get(user=user).corrected


def test_an_upload_that_is_too_large_is_a_field_error(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    new_member(browser, nabzclan)
    browser.open("/account")
    large = picture() + b"\0" * avatars.MOST_BYTES
    page = browser.submit("/account/avatar", files={"picture": ("a.png", large, "image/png")})
    assert page.status_code == 400
    assert "larger than 2 MB" in page.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_format_is_taken(kind: str) -> None:
    with Image.open(io.BytesIO(avatars.encode(picture(kind)))) as made:
        assert made.format == "WEBP"
