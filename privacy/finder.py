"""Find many texts in much text at once, in one pass (Aho and Corasick, 1975)."""

import re
from collections.abc import Iterable, Sequence

import ahocorasick

from privacy import identifiers
from privacy.identifiers import Identifier

WORD = re.compile(r"[a-z0-9_@.+-]")
"""What goes on with a word, a name or an address, in lower case."""


class Finder:
    """Looks for identifiers, in every form, whatever the case of their letters.

    An identifier that is nobody else's is found anywhere in a text. Of one that may be anybody's
    what is derived from it is found anywhere; with `words`, it is found itself as a whole word.
    """

    def __init__(self, wanted: Sequence[Identifier], *, words: bool) -> None:
        self.wanted = wanted
        self._texts: list[set[str]] = []
        self._words: list[set[str]] = []
        self._automaton = ahocorasick.Automaton()
        places: dict[str, list[int]] = {}
        for number, one in enumerate(wanted):
            plain, made = identifiers.forms(one), identifiers.derived(one)
            self._texts.append(made | plain if one.unique else made)
            self._words.append(plain if words and not one.unique else set())
            for text in self._texts[-1] | self._words[-1]:
                # PostgreSQL doubles backslashes where it copies a table out.
                for written in {text, text.replace("\\", "\\\\")}:
                    places.setdefault(written, []).append(number)
        for text, numbers in places.items():
            self._automaton.add_word(text, (text, numbers))
        if places:
            self._automaton.make_automaton()
        self._empty = not places

    def hits(self, text: str) -> set[int]:
        """Return the numbers of the identifiers that are in a text."""
        found: set[int] = set()
        if self._empty:
            return found
        lower = text.lower()
        for end, (written, numbers) in self._automaton.iter(lower):
            for number in numbers:
                if number not in found and self._counts(number, written, lower, end):
                    found.add(number)
        return found

    def _counts(self, number: int, written: str, text: str, end: int) -> bool:
        if written.replace("\\\\", "\\") in self._texts[number] or written in self._texts[number]:
            return True
        before, after = end - len(written), end + 1
        return not (before >= 0 and WORD.match(text[before])) and not (
            after < len(text) and WORD.match(text[after])
        )

    def pattern(self, number: int) -> str:
        """Return what PostgreSQL is asked with, of one identifier that was found."""
        parts = [re.escape(text) for text in sorted(self._texts[number])]
        words = "|".join(re.escape(text) for text in sorted(self._words[number]))
        if words:
            parts.append(rf"(?:^|[^a-z0-9_@.+-])(?:{words})(?:$|[^a-z0-9_@.+-])")
        return "(?n)" + "|".join(parts)


def kinds(finder: Finder, numbers: Iterable[int]) -> set[str]:
    """Return of what kind the identifiers are that were found."""
    return {finder.wanted[number].kind for number in numbers}
