"""What the documentation holds: its pages, in the order in which they are read."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ORDER: dict[str, tuple[str, ...]] = {
    "Start": ("quickstart", "authentication", "sdks"),
    "Call models": (
        "dialects",
        "streaming",
        "tools",
        "vision",
        "structured-output",
        "reasoning",
    ),
    "Rely on it": ("errors", "rate-limits", "idempotency", "charges", "privacy"),
}
REFERENCE = "api"


@dataclass(frozen=True)
class Page:
    """A page as it was written: the file begins with its title and one paragraph, the lead."""

    slug: str
    section: str
    title: str
    lead: str
    body: str

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"/docs/{self.slug}"


@dataclass(frozen=True)
class Section:
    """Pages that belong together."""

    title: str
    pages: tuple[Page, ...]


@cache
def sections() -> tuple[Section, ...]:
    """Return every page, in order, the API reference last."""
    written = [
        Section(title, tuple(_read(slug, title) for slug in slugs))
        for title, slugs in ORDER.items()
    ]
    reference = Page(
        REFERENCE,
        "Reference",
        "API reference",
        "Every endpoint with its parameters, fields, answers and a call to paste.",
        "",
    )
    return (*written, Section("Reference", (reference,)))


@cache
def pages() -> dict[str, Page]:
    """Return the pages by their slugs, in order."""
    return {page.slug: page for section in sections() for page in section.pages}


def neighbours(page: Page) -> tuple[Page | None, Page | None]:
    """Return the page before and the one after."""
    every = (None, *pages().values(), None)
    place = every.index(page)
    return every[place - 1], every[place + 1]


def _read(slug: str, section: str) -> Page:
    text = (FOLDER / f"{slug}.md").read_text(encoding="utf-8")
    title, lead, body = text.split("\n\n", 2)
    return Page(
        slug, section, title.removeprefix("# "), " ".join(lead.split()).replace("'", "’"), body
    )
