"""Search engines learn of every public page, and of no other."""

from xml.etree import ElementTree

from django.conf import settings
from django.test import Client

from tests.models import add_model, add_provider


def test_the_map_lists_every_public_page_at_our_own_address(database: None) -> None:
    add_model("mapped/model one", add_provider("https://first.example/v1"))
    add_model("mapped/unpriced", add_provider("https://first.example/v1"), prices=None)
    answer = Client().get("/sitemap.xml", headers={"Host": "localhost"})
    assert not answer.cookies
    tree = ElementTree.fromstring(answer.content)
    found = [element.text for element in tree.iter() if element.tag.endswith("}loc")]
    for path in ("/", "/models", "/pricing", "/docs/quickstart", "/models/mapped/model%20one"):
        assert f"{settings.PUBLIC_URL}{path}" in found
    assert f"{settings.PUBLIC_URL}/models/mapped/unpriced" not in found


def test_robots_are_kept_from_pages_that_are_their_reader_s_own(database: None) -> None:
    answer = Client().get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    lines = answer.content.decode().splitlines()
    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in lines
    for path in ("/dashboard", "/keys", "/billing", "/api/", "/models?"):
        assert f"Disallow: {path}" in lines
