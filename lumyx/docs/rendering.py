"""Turn a page's Markdown into HTML, with its headings, its code and its text for the search.

The info string of a fence says more than its language: `tab=Python` puts fences that follow
each other behind tabs, and further words tell the tests how the sample is tried.
"""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lumyx.docs.contents import Page
from lumyx.docs.filling import Values, fill

NAMES = {"bash": "Shell", "python": "Python", "js": "JavaScript", "json": "JSON"} | {
    "text": "Text",
    "sse": "Events",
    "http": "Headers",
}


@dataclass(frozen=True)
class Fence:
    """A piece of code: its language, what its tab is called, and how tests try it."""

    language: str
    tab: str
    how: tuple[str, ...]
    text: str

    @property
    def label(self) -> str:
        """Return what stands above it."""
        return self.tab or NAMES[self.language]


@dataclass(frozen=True)
class Heading:
    """A heading of the second or third level."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Passage:
    """What stands below one heading, as plain text; the first has no heading of its own."""

    heading: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """A page as it is shown, and what is made of it elsewhere."""

    html: str
    headings: tuple[Heading, ...]
    passages: tuple[Passage, ...]
    fences: tuple[Fence, ...]


@lru_cache(maxsize=256)
def render(page: Page, values: Values) -> Rendered:
    """Return a page, filled in and rendered."""
    return render_markdown(fill(page.body, values), prefix=page.slug)


def render_markdown(text: str, *, prefix: str) -> Rendered:
    """Return Markdown rendered; `prefix` begins the ids of its code."""
    parser = _parser()
    tokens = parser.parse(text)
    headings = list(_anchored(tokens))
    _label_cells(tokens)
    return Rendered(
        html=parser.renderer.render(list(_grouped(tokens, prefix)), parser.options, {}),
        headings=tuple(headings),
        passages=tuple(_passages(tokens)),
        fences=tuple(_fence(token) for token in tokens if token.type == "fence"),
    )


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["table", "smartquotes"])
    for name, rule in RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _fence(token: Token) -> Fence:
    language, *rest = shlex.split(token.info)
    tab = next((word[4:] for word in rest if word.startswith("tab=")), "")
    how = tuple(word for word in rest if not word.startswith("tab="))
    return Fence(language, tab, how, token.content.removesuffix("\n"))


def _anchored(tokens: Sequence[Token]) -> Iterator[Heading]:
    """Give each heading an id of its own, and name them."""
    taken: set[str] = set()
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = _text(inline)
        base = anchor = slugify(text.replace("/", " ").replace("_", "-")) or "section"
        number = 1
        while anchor in taken:
            number += 1
            anchor = f"{base}-{number}"
        taken.add(anchor)
        token.attrSet("id", anchor)
        token.meta["text"] = text
        yield Heading(int(token.tag[1]), text, anchor)


def _label_cells(tokens: Sequence[Token]) -> None:
    """Tell each cell of a table what its column is called, for where tables become cards."""
    names: list[str] = []
    column = 0
    for token, inline in pairwise(tokens):
        if token.type == "thead_open":
            names = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            token.attrSet("scope", "col")
            names.append(_text(inline))
        elif token.type == "td_open":
            if column == 0:
                token.attrSet("class", "lead")
            else:
                token.attrSet("data-label", names[column])
            column += 1


def _grouped(tokens: Sequence[Token], prefix: str) -> Iterator[Token]:
    """Put fences with tabs that follow each other into one token."""
    group: list[Fence] = []
    count = 0
    for place, token in enumerate(tokens):
        if token.type != "fence":
            yield token
            continue
        fence = _fence(token)
        group.append(fence)
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if fence.tab and following is not None and following.type == "fence":
            taken = {other.tab for other in group}
            coming = _fence(following).tab
            if coming and coming not in taken:
                continue
        count += 1
        made = Token("code_group", "", 0)
        made.meta = {"fences": tuple(group), "id": f"{prefix}-code-{count}"}
        yield made
        group = []


def _passages(tokens: Sequence[Token]) -> Iterator[Passage]:
    heading = anchor = ""
    words: list[str] = []
    code: list[str] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            yield Passage(heading, anchor, " ".join(words + code))
            heading, anchor = str(token.meta["text"]), str(token.attrGet("id"))
            words, code = [], []
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            words.append(_text(token))
        elif token.type == "fence":
            code.append(token.content)
    yield Passage(heading, anchor, " ".join(words + code))


def _text(inline: Token) -> str:
    children = inline.children or []
    return "".join(child.content or (" " if "break" in child.type else "") for child in children)


def _heading_close(renderer: Any, tokens: Sequence[Token], place: int, *_: object) -> str:
    opened = tokens[place - 2]
    anchor, text = opened.attrGet("id"), escape(opened.meta["text"])
    link = f'<a class="anchor" href="#{anchor}" aria-label="Link to “{text}”">#</a>'
    return f"{link}</{tokens[place].tag}>\n"


def _code_group(renderer: Any, tokens: Sequence[Token], place: int, *_: object) -> str:
    return render_to_string("docs/code.html", tokens[place].meta)


def _table_open(*_: object) -> str:
    return '<div class="table-wrap"><table class="table tall cards">\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


RULES: dict[str, Callable[..., str]] = {
    "heading_close": _heading_close,
    "code_group": _code_group,
    "table_open": _table_open,
    "table_close": _table_close,
}
