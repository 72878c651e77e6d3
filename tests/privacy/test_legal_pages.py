"""The documents are set well and not a word of them is changed."""

import re
from html import unescape

import pytest
from django.test import Client, override_settings

from privacy import policies, typesetting
from tests.customers import Customer
from tests.privacy.test_cookies import signed_in

POLICY = "3c0de30ca970bd27b64aa2c5b585ebaff8a019ab11442f004ff89353f57ecc18"
"""The SHA-256 of the privacy policy of 20 March 2026: the text that was promised."""
CONTACT = "reach-us@lumyx.test"


def words(text: str) -> list[str]:
    return text.replace(typesetting.BULLET, " ").split()


def shown(kind: str) -> str:
    """Return the text of a document's page, as somebody reads it."""
    page = Client().get(f"/{kind}").content.decode()
    article = re.search(r'<article class="legal-text">(.*?)</article>', page, re.DOTALL)
    assert article is not None
    return unescape(re.sub(r"<[^>]+>", " ", article[1]))


def test_the_policy_in_effect_is_the_text_that_was_promised() -> None:
    first = policies.every_version("privacy")[0]
    assert (first.version, first.sha256) == ("2026-03-20", POLICY)


@pytest.mark.parametrize("kind", list(policies.TITLES))
@override_settings(PRIVACY_CONTACT=CONTACT)
def test_the_page_says_word_for_word_what_the_document_says(database: None, kind: str) -> None:
    text = policies.current(kind).text.replace(typesetting.MASK, CONTACT)
    assert words(shown(kind)) == words(text)
    if kind == "privacy":
        assert CONTACT in text


def test_headings_are_headings_and_the_contents_lead_to_them(database: None) -> None:
    page = Client().get("/privacy").content.decode()
    links = re.findall(r'<li><a href="#(section-[\d-]+)">', page)
    assert links == [f"section-{number}" for number in range(1, 12)]
    assert re.findall(r'<h2 id="(section-[^"]+)"', page) == links
    assert re.findall(r'<h3 id="([^"]+)"', page) == ["section-2-1", "section-2-2", "section-2-3"]
    assert page.count("<h1>") == 1
    assert "<li>Email address</li>" in page
    assert "<strong>Payment Processors:</strong> Stripe" in page


def test_what_a_text_holds_is_escaped() -> None:
    sheet = typesetting.sheet("T", "T\n\n1. A <b>\n\n  • One: <i>two</i>\n\n  • three & four")
    assert [block.kind for block in sheet.blocks] == ["heading", "list", "list"]
    assert sheet.blocks[0].words == "1. A &lt;b&gt;"
    assert sheet.blocks[1].lines == ("<strong>One:</strong> &lt;i&gt;two&lt;/i&gt;",)


def test_the_terms_are_marked_as_unreviewed_and_the_policy_is_not(database: None) -> None:
    assert "For legal review." in Client().get("/terms").content.decode()
    assert "For legal review." not in Client().get("/privacy").content.decode()


def test_a_message_gets_its_number_once(database: None, customer: Customer) -> None:
    site = signed_in(customer)
    said = {"topic": "question", "words": "When?"}
    sent = site.post("/contact", said, REMOTE_ADDR="203.0.113.7", follow=True)
    assert sent.redirect_chain == [("/contact", 302)]
    page = sent.content.decode()
    assert "We have it" in page
    number = re.search(r'class="contact-mark">([0-9A-F]{8})<', page)
    assert number is not None
    assert number[1] not in site.get("/contact").content.decode()
