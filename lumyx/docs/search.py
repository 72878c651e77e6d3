"""Find words in the documentation: headings, text, code and the operations of the API.

Nothing of what was looked for is kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from lumyx.docs import reference
from lumyx.docs.contents import pages
from lumyx.docs.filling import Values
from lumyx.docs.rendering import render

MOST_RESULTS = 12
MOST_WORDS = 8
LONGEST_QUERY = 100
BEFORE, LONG = 60, 200
"""Characters of an excerpt before the first word that was found, and in all."""
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Place:
    """A passage that can be found, and where it stands."""

    page: str
    heading: str
    url: str
    text: str

    @property
    def title(self) -> str:
        """Return what it is called."""
        return self.heading or self.page


@dataclass(frozen=True)
class Result:
    """A passage that was found; the words are marked in its title and its excerpt."""

    url: str
    page: str
    title: SafeString
    excerpt: SafeString


def find(query: str, values: Values) -> list[Result]:
    """Return the best places that have every word of the query, best first."""
    words = query[:LONGEST_QUERY].lower().split()[:MOST_WORDS]
    if not words:
        return []
    scored = [(score, place) for place in _places(values) if (score := _score(place, words))]
    scored.sort(key=lambda found: -found[0])
    return [_result(place, words) for _, place in scored[:MOST_RESULTS]]


@lru_cache(maxsize=8)
def _places(values: Values) -> tuple[Place, ...]:
    return (*_written(values), *_operations())


def _written(values: Values) -> Iterator[Place]:
    for page in pages().values():
        for passage in render(page, values).passages:
            where = f"{page.url}#{passage.anchor}" if passage.anchor else page.url
            text = passage.text if passage.heading else f"{page.lead} {passage.text}"
            yield Place(page.title, passage.heading, where, _clean(text))


def _operations() -> Iterator[Place]:
    for group in reference.groups():
        for operation in group.operations:
            yield Place(
                "API reference",
                f"{operation.method} {operation.path}",
                f"/docs/api#{operation.id}",
                _clean(f"{operation.summary} {' '.join(operation.words())}"),
            )


def _clean(text: str) -> str:
    return SPACE.sub(" ", text.replace("`", "")).strip()


def _score(place: Place, words: list[str]) -> int:
    """Return how well a place fits; 0 where a word is missing. Titles count most."""
    page, heading, text = place.page.lower(), place.heading.lower(), place.text.lower()
    path, _, part = place.url.lower().partition("#")
    score = 0
    for word in words:
        found = 12 * (word in heading) + 3 * (word in page) + min(text.count(word), 4)
        # The page itself goes before its parts.
        found += (word in path) * (4 if part else 10) + 8 * (word in page and not heading)
        if not found:
            return 0
        score += found
    phrase = " ".join(words)
    return score + 20 * (phrase in (heading or page)) + 4 * (phrase in text)


def _result(place: Place, words: list[str]) -> Result:
    lowered = place.text.lower()
    first = min((at for word in words if (at := lowered.find(word)) >= 0), default=0)
    start = max(0, first - BEFORE)
    if start:
        start = place.text.find(" ", start) + 1 or start
    cut = place.text[start : start + LONG]
    shown = f"{'…' if start else ''}{cut}{'…' if start + LONG < len(place.text) else ''}"
    return Result(place.url, place.page, _marked(place.title, words), _marked(shown, words))


def _marked(text: str, words: list[str]) -> SafeString:
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    parts = []
    end = 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), f"<mark>{escape(match[0])}</mark>"]
        end = match.end()
    # Every part was escaped.
    return mark_safe("".join([*parts, escape(text[end:])]))  # noqa: S308
