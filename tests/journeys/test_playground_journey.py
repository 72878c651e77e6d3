"""A newcomer tries models in the playground, in a real browser."""

import re
import struct
import time
import zlib
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, FilePayload, Page, expect

from accounts.models import User
from billing import accounts, ledger
from billing.amounts import in_credits
from tests.customers import Customer, accept, make_customer, session_of
from tests.journeys.browsers import aside, watch
from tests.people import NabzClanProcess
from tests.processes import ProviderProcess, Server

HOSTILE = """<img src=x onerror="window.hacked=1"> <script>window.hacked=2</script>

[one](javascript:window.hacked=3) [two](/sign-out) [three](https://example.com/ok)

![pixel](https://elsewhere.example/pixel.png?said=secret)

<style>body { display: none }</style> <a id="setup" data-open="clear-dialog">x</a>

{table}

```js
never <b>closed</b>"""
ROW = "|" + "|".join(f"cell-{n}" for n in range(60)) + "|\n"
TABLE = ROW + "|" + "---|" * 60 + "\n" + ROW * 20
EMPTY = """({left: localStorage.length + sessionStorage.length, state: history.state,
  cookies: document.cookie})"""
DRAWN = """
window.drawn = [];
const read = ReadableStreamDefaultReader.prototype.read;
ReadableStreamDefaultReader.prototype.read = async function () {
  const part = await read.call(this);
  if (part.value) window.arrived ??= performance.now();
  return part;
};
addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  const words = document.querySelector('.turn-answer [data-words]');
  if (words?.textContent) drawn.push(performance.now());
}).observe(document.body, {subtree: true, childList: true, characterData: true}));
"""


def png(side: int = 24) -> bytes:
    rows = b"".join(b"\0" + b"\xd0\x90\x30" * side for _ in range(side))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def known() -> tuple[Customer, str]:
    """Make somebody with credits who is signed in; return their cookie, too."""
    customer = make_customer()
    accept(customer.user)
    return customer, session_of(customer.user)


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[tuple[Page, Customer, list[str]]]:
    customer, cookie = aside(known)
    context = browser.new_context()
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
    )
    context.add_init_script(DRAWN)
    page = context.new_page()
    wrong = watched(page, {server.url})
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{server.url}/playground?model=echo")
    yield page, customer, wrong
    left = page.evaluate(EMPTY)
    context.close()
    assert wrong == []
    assert left == {"left": 0, "state": None, "cookies": ""}


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> str:
    """Wait for the end of an answer, and return what it says."""
    ended = page.locator(".turn-answer:not([data-running])")
    expect(ended).to_have_count(count, timeout=20_000)
    return ended.last.locator("[data-words]").inner_text()


def test_a_newcomer_gets_a_first_answer_with_the_keyboard_alone(
    browser: Browser, server: Server, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person()
    context = browser.new_context()
    page = context.new_page()
    wrong = watched(page, {server.url, nabzclan.url})
    page.goto(f"{server.url}/playground?model=echo-cached")
    assert "/sign-in" in page.url
    page.get_by_role("button", name="Continue with NabzClan").click()
    page.get_by_role("button", name=person["name"]).first.click()
    page.get_by_label("I am 13 or older").check()
    page.get_by_label("I have read and accept").check()
    page.get_by_role("button", name="Create my account").click()
    page.wait_for_url("**/playground?model=echo-cached")
    expect(page.get_by_label("Model", exact=True)).to_have_value("echo-cached")
    say(page, "Hello")
    failure = page.locator(".turn-answer .banner")
    expect(failure).to_contain_text("Your credits do not cover this.")
    expect(failure.get_by_role("link", name="Buy credits")).to_have_attribute("href", "/billing")
    aside(lambda: credit(str(person["id"])))
    page.get_by_role("button", name="Again").focus()
    page.keyboard.press("Enter")
    assert answered(page) == "Hello"
    expect(page.locator("[data-status]")).to_contain_text("The answer is complete.")
    assert page.evaluate(EMPTY) == {"left": 0, "state": None, "cookies": ""}
    context.close()
    # The browser itself writes down that a call was refused.
    assert [words for words in wrong if "402" not in words] == []


def watched(page: Page, allowed: set[str]) -> list[str]:
    """Note what must not happen, console errors included."""
    wrong = watch(page, allowed=allowed)
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    return wrong


def credit(nabzclan_id: str) -> None:
    user = User.objects.get(nabzclan_id=nabzclan_id)
    account = accounts.open_for(user)
    ledger.post(account=account.id, kind="grant", amount=10**7, reference=f"play {user.pk}")


def test_a_conversation_counts_every_token_and_micro_credit(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, customer, _ = visit
    say(page, "First\n\n**bold** words")
    assert answered(page) == "First\n\nbold words"
    page.get_by_label("Model", exact=True).select_option("thinker")
    page.get_by_label("Reasoning effort").select_option("high")
    say(page, "Second")
    assert answered(page, 2) == "Second"
    thoughts = page.locator(".thoughts").last
    thoughts.locator("summary").click()
    expect(thoughts.locator("[data-thoughts-words]")).not_to_be_empty()
    spent = aside(customer.spent)
    shown = page.locator("[data-cost]").all_inner_texts()
    assert [in_credits(one) in text for one, text in zip(spent, shown, strict=True)] == [True] * 2
    expect(page.locator("[data-spent]")).to_have_text(in_credits(sum(spent)))
    expect(page.locator("[data-balance]")).to_have_text(in_credits(aside(customer.balance)))
    arrived, drawn = page.evaluate("[arrived, drawn[0]]")
    assert drawn - arrived < 250, "a first token waits for the next frame and for nothing else"
    page.get_by_role("button", name="Again").click()
    assert answered(page, 2) == "Second"
    page.get_by_role("button", name="Edit").first.click()
    expect(page.get_by_label("Your message")).to_have_value("First\n\n**bold** words")
    expect(page.locator(".turn")).to_have_count(0)
    assert len(aside(customer.spent)) == 3


def test_stop_ends_the_call_and_shows_what_was_paid(
    visit: tuple[Page, Customer, list[str]], provider: ProviderProcess
) -> None:
    page, customer, _ = visit
    page.get_by_label("Model", exact=True).select_option("echo-slow")
    say(page, " ".join(f"word{n}" for n in range(300)))
    expect(page.locator(".turn-answer [data-words]")).to_contain_text("word3")
    page.keyboard.press("Escape")
    stopped = time.monotonic()
    expect(page.locator("[data-note]")).to_have_text("Stopped by you.")
    expect(page.locator("[data-cost]")).to_contain_text("credits", timeout=5_000)
    assert time.monotonic() - stopped < 3
    [spent] = aside(customer.spent)
    assert in_credits(spent) in page.locator("[data-cost]").inner_text()
    assert spent < 2 * 1_200 + 8 * 100
    assert aside(customer.holds_open) == 0
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_role("button", name="New").click()
    page.get_by_role("button", name="Clear it").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_a_hostile_answer_is_only_words(visit: tuple[Page, Customer, list[str]]) -> None:
    page, _, _ = visit
    say(page, HOSTILE.replace("{table}", TABLE))
    text = answered(page)
    words = page.locator(".turn-answer [data-words]")
    assert page.evaluate("window.hacked") is None
    assert '<img src=x onerror="window.hacked=1">' in text
    assert words.locator("img, style, script, form, [id], [onerror]").count() == 0
    links = words.locator("a").evaluate_all("all => all.map(one => [one.href, one.rel])")
    assert [href for href, _ in links] == [
        "https://example.com/ok",
        "https://elsewhere.example/pixel.png?said=secret",
    ]
    assert all("noopener" in rel for _, rel in links)
    assert words.locator("pre code").inner_text().strip() == "never <b>closed</b>"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator(".turn-answer .table-wrap").evaluate("e => e.scrollWidth > e.clientWidth")


def test_images_go_along_and_everything_is_shown_as_code(
    visit: tuple[Page, Customer, list[str]], provider: ProviderProcess
) -> None:
    page, _, _ = visit
    files: list[FilePayload] = [
        {"name": "square.png", "mimeType": "image/png", "buffer": png()},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"},
        {"name": "huge.png", "mimeType": "image/png", "buffer": b"0" * (6 * 1024 * 1024)},
    ]
    page.locator("[data-file]").set_input_files(files)
    expect(page.get_by_role("img", name="square.png")).to_be_visible()
    complaint = page.locator("[data-complaint]")
    expect(complaint).to_contain_text("“notes.txt” is no image that models read.")
    expect(complaint).to_contain_text("“huge.png” has 6.0 MB. An image may have 5 MB.")
    page.get_by_label("System prompt").fill("Be brief")
    page.get_by_label("Temperature").fill("0.3")
    page.get_by_label("Your message").fill("What is it?")
    page.get_by_role("button", name="Show as code").click()
    for language, wanted in {
        "curl": '"temperature": 0.3',
        "Python": "temperature=0.3",
        "Node": '"content": "Be brief"',
        "Anthropic": 'system="Be brief"',
    }.items():
        page.get_by_role("tab", name=language).click()
        code = page.locator(".as-code pre:not([hidden])").inner_text()
        assert wanted in code
        assert "What is it?" in code
        assert re.search(r"iVBORw0KGgo.*…\[\d+ characters left out\]", code)
    page.keyboard.press("Escape")
    page.get_by_label("Your message").press("Enter")
    answered(page)
    expect(page.locator(".turn-user").get_by_role("img", name="square.png")).to_be_visible()
    assert "image_url" in str(provider.last()["body"])


def test_a_file_that_is_no_image_is_named_before_anything_is_sent(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, customer, _ = visit
    files: list[FilePayload] = [
        {"name": "words.png", "mimeType": "image/png", "buffer": b"only words"},
        {"name": "half.png", "mimeType": "image/png", "buffer": png()[:60]},
        {"name": "really-a-png.jpg", "mimeType": "image/jpeg", "buffer": png()},
    ]
    page.locator("[data-file]").set_input_files(files)
    complaint = page.locator("[data-complaint]")
    expect(complaint).to_contain_text("“words.png” is called an image but holds none.")
    expect(complaint).to_contain_text("“half.png” cannot be opened. It may be damaged.")
    pictures = page.locator(".composer [data-images] img")
    expect(pictures).to_have_count(1)
    # As a provider reads it, which refuses bytes of another kind than it is told.
    expect(pictures).to_have_attribute("src", re.compile("^data:image/png;"))
    assert aside(customer.spent) == []


def test_an_answer_that_was_cut_says_what_it_was_cut_at(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, _, _ = visit
    note = page.locator("[data-note]").last
    say(page, "word " * 17_000)
    answered(page)
    expect(note).to_have_text("The model stopped at its longest answer, 16,384 tokens.")
    page.get_by_label("Most tokens of an answer").fill("3")
    say(page, "One two three four five six seven eight")
    answered(page, 2)
    expect(note).to_have_text("The model stopped at the 3 tokens you allowed.")


def test_what_an_edit_takes_out_comes_back_until_the_message_is_sent(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, customer, _ = visit
    box, editing = page.get_by_label("Your message"), page.locator("[data-editing]")
    for count, words in enumerate(("First", "Second", "Third"), start=1):
        say(page, words)
        answered(page, count)
    spent = page.locator("[data-spent]").inner_text()
    box.fill("A draft")
    page.get_by_role("button", name="Edit").nth(1).click()
    expect(box).to_have_value("Second")
    expect(page.locator(".turn")).to_have_count(2)
    expect(editing).to_have_text(
        re.compile("drops the 3 messages after it. Your draft comes back then.")
    )
    page.get_by_role("button", name="Edit").first.click()
    expect(editing).to_contain_text("5 messages after it")
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    said = page.locator(".turn [data-words]").all_inner_texts()
    assert said == ["First", "First", "Second", "Second", "Third", "Third"]
    expect(box).to_have_value("A draft")
    expect(box).to_be_focused()
    expect(editing).to_be_hidden()

    page.get_by_role("button", name="Edit").nth(1).click()
    say(page, "Second, but better")
    answered(page, 2)
    expect(page.locator(".turn")).to_have_count(4)
    expect(box).to_have_value("A draft")
    expect(editing).to_be_hidden()
    assert page.locator("[data-spent]").inner_text() != spent
    expect(page.locator("[data-spent]")).to_have_text(in_credits(sum(aside(customer.spent))))


def test_an_edit_hides_what_would_undo_or_overwrite_it(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, _, _ = visit
    box, again = page.get_by_label("Your message"), page.get_by_role("button", name="Again")
    for count, words in enumerate(("First", "Second"), start=1):
        say(page, words)
        answered(page, count)
    page.get_by_role("button", name="Edit").nth(1).click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(again).to_have_count(0)
    box.fill("Second, changed")
    page.get_by_role("button", name="Edit").first.click()
    expect(page.locator("[data-empty]")).to_be_hidden()
    say(page, "First, changed")
    answered(page)
    expect(box).to_have_value("Second, changed")
    expect(again).to_be_visible()


def test_a_call_that_never_left_is_said_to_have_not(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, customer, wrong = visit
    page.context.set_offline(True)
    say(page, "Hello")
    answer = page.locator(".turn-answer")
    expect(answer).to_contain_text("Nothing was sent, as far as we can tell.")
    page.wait_for_timeout(1_500)
    expect(answer).not_to_contain_text("cost")
    page.context.set_offline(False)
    assert aside(customer.spent) == []
    wrong.clear()


def test_images_beyond_the_most_are_named_together(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, _, _ = visit
    files: list[FilePayload] = [
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": png()} for n in range(10)
    ]
    page.locator("[data-file]").set_input_files(files)
    expect(page.locator("[data-complaint]")).to_have_text(
        "A message may have 8 images. “8.png”, “9.png” were left out."
    )


def test_an_answer_that_cannot_be_drawn_is_shown_as_it_was_written(
    visit: tuple[Page, Customer, list[str]],
) -> None:
    page, _, _ = visit
    say(page, ">" * 6_000 + " deep")
    assert answered(page).endswith("> deep")
    say(page, "And now?")
    assert answered(page, 2) == "And now?"
