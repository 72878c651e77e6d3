"""What the catalogue may be searched, filtered and sorted by; all of it is in the address."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.wording import WordedForm
from billing.models import MICRO
from gateway.models.prices import PRICE_MOST
from gateway.public_models import ABILITIES, Shown

LEAST_CONTEXTS = {8_000: "8,000", 32_000: "32,000", 128_000: "128,000", 200_000: "200,000"} | {
    1_000_000: "1,000,000"
}
SORTS = {
    "name": "Name",
    "context": "Context, largest first",
    "input": "Input price, lowest first",
    "output": "Output price, lowest first",
    "newest": "Newest first",
}
KEYS: dict[str, Callable[[Shown], Any]] = {
    "name": lambda model: model.listing.display_name.casefold(),
    "context": lambda model: -model.listing.context_window,
    "input": lambda model: model.listing.prices.input,
    "output": lambda model: (model.embeds, model.listing.prices.output),
    "newest": lambda model: -model.listing.created_at.timestamp(),
}

PRICES = ("input", "output")
WORDS: dict[str, Callable[[Any], str]] = {
    "q": lambda value: f"“{value}”",
    "context": lambda value: f"context ≥ {value:,}",
    "input": lambda value: f"input ≤ {value.normalize():f}",
    "output": lambda value: f"output ≤ {value.normalize():f}",
    "provider": lambda value: f"run by {value}",
}
"""What a filter is called once it is chosen."""


@dataclass(frozen=True)
class Chip:
    """One thing that is filtered by, and the address of the page without it."""

    words: str
    without: str


def highest(label: str) -> forms.DecimalField:
    """Return a field of a price in credits; as text, since browsers hide a number that is none."""
    most = PRICE_MOST // MICRO
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_value=most,
        max_digits=13,
        decimal_places=6,
        required=False,
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "placeholder": "any", "autocomplete": "off"}
        ),
        error_messages={
            "invalid": "Write a number, such as 2.5.",
            "min_value": "Write 0 or more.",
            "max_value": f"Write {most:,} or less.",
            "max_digits": f"Write {most:,} or less.",
            "max_whole_digits": f"Write {most:,} or less.",
            "max_decimal_places": "Write 6 decimals at the most.",
        },
    )


class ModelFilters(WordedForm):
    """The filters of the catalogue; what cannot be understood is not filtered by."""

    q = forms.CharField(
        label="Search",
        max_length=80,
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Name or id", "autocomplete": "off"}
        ),
    )
    sort = forms.ChoiceField(label="Sort by", choices=SORTS, required=False)
    can = forms.MultipleChoiceField(
        label="Can do",
        choices=[(name, words) for name, (words, _) in ABILITIES.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    context = forms.TypedChoiceField(
        label="Context, at least",
        choices=[
            ("", "any"),
            *((str(n), f"{words} tokens") for n, words in LEAST_CONTEXTS.items()),
        ],
        coerce=int,
        empty_value=None,
        required=False,
    )
    input = highest("Input price")
    output = highest("Output price")
    provider = forms.ChoiceField(label="Provider", required=False)

    def __init__(self, given: QueryDict, *, models: Collection[Shown]) -> None:
        super().__init__(given)
        providers = {runner.name for model in models for runner in model.runners}
        self._choices("provider", [("", "any"), *((name, name) for name in sorted(providers))])
        self.is_valid()
        self._leave_out(models, given)

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _leave_out(self, models: Collection[Shown], given: QueryDict) -> None:
        """Offer nothing that no model has, unless it is asked for."""
        able = {name for model in models for name in model.listing.capabilities}
        able |= set(given.getlist("can"))
        words = {name: words for name, (words, _) in ABILITIES.items() if name in able}
        self._choices("can", list(words.items()))
        largest = max((model.listing.context_window for model in models), default=0)
        asked = given.get("context")
        contexts = [
            (str(n), f"{words} tokens")
            for n, words in LEAST_CONTEXTS.items()
            if n <= largest or str(n) == asked
        ]
        self._choices("context", [("", "any"), *contexts])

    @property
    def chosen(self) -> dict[str, Any]:
        """What was understood and is not empty, by field."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def prices(self) -> list[forms.BoundField]:
        """The fields that are typed into and may be wrong."""
        return [self[name] for name in PRICES]

    @property
    def wrong_prices(self) -> dict[str, str]:
        """What was typed for a price and is none, by field: it stays, to be corrected."""
        return {name: str(self.data.get(name)) for name in PRICES if name in self.errors}

    @property
    def sort_by(self) -> str:
        """What the models are sorted by."""
        return str(self.cleaned_data.get("sort") or "name")

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """What could not be understood: the field, and why."""
        return [
            (str(self.fields[name].label), " ".join(map(str, errors)))
            for name, errors in self.errors.items()
        ]

    def apply(self, models: Iterable[Shown]) -> list[Shown]:
        """Return the models that are asked for, in the order that is asked for."""
        found = [model for model in models if self._fits(model)]
        found.sort(key=KEYS["name"])
        return sorted(found, key=KEYS[self.sort_by])

    def _fits(self, model: Shown) -> bool:
        chosen, listing = self.chosen, model.listing
        named = f"{listing.name} {listing.display_name}".casefold()
        most_input, most_output = chosen.get("input"), chosen.get("output")
        provider = chosen.get("provider")
        return (
            all(word in named for word in chosen.get("q", "").casefold().split())
            and listing.capabilities.issuperset(chosen.get("can", ()))
            and listing.context_window >= chosen.get("context", 0)
            and (most_input is None or listing.prices.input <= most_input * MICRO)
            and (most_output is None or listing.prices.output <= most_output * MICRO)
            and (provider is None or provider in {runner.name for runner in model.runners})
        )

    def address(self, path: str, **changes: Any) -> str:
        """Return the address of the page with some fields changed; None leaves one out."""
        values = {**self.chosen, **self.wrong_prices, **changes}
        if values.get("sort") == "name":
            del values["sort"]
        kept = {name: value for name, value in values.items() if value not in (None, "", [])}
        return f"{path}?{urlencode(kept, doseq=True)}" if kept else path

    def chips(self, path: str) -> list[Chip]:
        """Return what is filtered by, each with the address that drops it."""
        chosen = self.chosen
        able = chosen.get("can", [])
        whole = [name for name in chosen if name in WORDS]
        return [
            *(Chip(WORDS[n](chosen[n]), self.address(path, **{n: None})) for n in whole),
            *(
                Chip(ABILITIES[name][0], self.address(path, can=[c for c in able if c != name]))
                for name in able
            ),
        ]
