"""Set the text of a document as headings, paragraphs and lists, without changing a word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

BULLET = "•"
NUMBERED = re.compile(r"(?P<number>\d+(?:\.\d+)*)\.? (?P<words>[^.\n]{1,80})")
"""A heading: a number, and words that are no sentence."""
LEAD = re.compile(r"(?P<lead>[A-Z][A-Za-z ]{1,30}:) (?P<rest>.+)", re.DOTALL)
MASK = "[email\N{NO-BREAK SPACE}protected]"
"""What stands in the policy where the address of the contact belongs."""


@dataclass(frozen=True)
class Block:
    """A part of a document: its kind (heading, list or words), and what it says."""

    kind: str
    lines: tuple[SafeString, ...]
    number: str = ""
    level: int = 0

    @property
    def words(self) -> SafeString:
        """Return the only line of a heading or a paragraph."""
        return self.lines[0]

    @property
    def anchor(self) -> str:
        """Return the id of a heading, which links lead to."""
        return f"section-{self.number.replace('.', '-')}"


@dataclass(frozen=True)
class Sheet:
    """A document as it is set: what stands above its first heading, and the rest."""

    title: str
    above: list[SafeString]
    blocks: list[Block]

    @property
    def head(self) -> list[tuple[SafeString, bool]]:
        """Return what stands above, and for each line whether it is the title."""
        return [(words, words.casefold() == self.title.casefold()) for words in self.above]

    @property
    def contents(self) -> list[Block]:
        """Return the headings of the first level."""
        return [block for block in self.blocks if block.kind == "heading" and block.level == 1]


def sheet(title: str, text: str) -> Sheet:
    """Set a text; what comes before the first numbered heading stands above."""
    blocks = list(_blocks(text))
    first = next((n for n, block in enumerate(blocks) if block.kind == "heading"), 0)
    return Sheet(title, [block.words for block in blocks[:first]], blocks[first:])


def _blocks(text: str) -> Iterator[Block]:
    for part in filter(None, map(str.strip, text.split("\n\n"))):
        heading = NUMBERED.fullmatch(part)
        if part.startswith(BULLET):
            items = (item.strip() for item in part.split(BULLET))
            yield Block("list", tuple(_item(item) for item in items if item))
        elif heading is not None:
            number = heading["number"]
            yield Block("heading", (_words(part),), number=number, level=number.count(".") + 1)
        else:
            yield Block("words", (_words(part),))


def _item(text: str) -> SafeString:
    found = LEAD.fullmatch(text)
    if found is None:
        return _words(text)
    return format_html("<strong>{}</strong> {}", found["lead"], _words(found["rest"]))


def _words(text: str) -> SafeString:
    """Escape words, and fill in the address that is masked."""
    address = settings.PRIVACY_CONTACT
    link = format_html('<a href="mailto:{}">{}</a>', address, address)
    parts = [format_html("{}", part) for part in text.split(MASK)]
    return mark_safe(link.join(parts))  # noqa: S308  each part was escaped
