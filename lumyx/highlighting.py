"""Code in colours: HTML whose classes say what a piece of code is, and whose text is exact."""

from functools import lru_cache
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import (
    Comment,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    String,
    _TokenType,
    is_token_subtype,
)

LANGUAGES = {
    "curl": "bash",
    "shell": "bash",
    "node": "javascript",
    "js": "javascript",
    "vercel ai sdk": "javascript",
    "anthropic": "python",
    "langchain": "python",
}
"""What a tab may be called, by the language that it shows."""
PLAIN = {"", "text", "sse", "http"}
CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "c"),
    (Keyword.Constant, "n"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (String, "s"),
    (Number, "n"),
    (Literal, "n"),
    (Name.Tag, "a"),
    (Name.Attribute, "a"),
    (Name.Variable, "v"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Builtin, "f"),
)
"""The first that a token is of; all others have the colour of plain text."""


def highlight(text: str, language: str) -> SafeString:
    """Return code as HTML; a language that is not known is left as it is."""
    # What is marked safe is escaped below.
    return mark_safe(_markup(str(text), language.lower()))  # noqa: S308


@lru_cache(maxsize=1_024)
def _markup(text: str, language: str) -> str:
    pieces = ((_class_of(kind), value) for kind, value in _lexer(language).get_tokens(text))
    parts = []
    for name, run in groupby(pieces, key=lambda piece: piece[0]):
        shown = escape("".join(value for _, value in run))
        parts.append(f'<span class="hl-{name}">{shown}</span>' if name else str(shown))
    return "".join(parts)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    # Neither stripped nor ended with a line of its own: what is copied is what was written.
    exact = {"stripnl": False, "ensurenl": False}
    if language in PLAIN:
        return TextLexer(**exact)
    return get_lexer_by_name(LANGUAGES.get(language, language), **exact)


def _class_of(kind: _TokenType) -> str:
    return next((name for family, name in CLASSES if is_token_subtype(kind, family)), "")
