"""What people type in about a key."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.wording import WordedForm
from billing.models import MICRO
from gateway import networks
from gateway.models import ApiKey, Model, Scope
from gateway.models.keys import (
    CONCURRENCY_LIMIT_MOST,
    DAY_LIMIT_MOST,
    LOG_DAYS_MOST,
    MINUTE_LIMIT_MOST,
    NAMES_MOST,
    TOKEN_LIMIT_MOST,
)

LONGEST_YEARS = 10
"""How far the end of a key may be away."""
LIFETIMES = {"30": "in 30 days", "90": "in 90 days", "365": "in a year"}
MOST_CREDITS = Decimal(1_000_000)
SPENDS = ("day_spend", "month_spend", "total_spend")
COUNTS = ("minute_limit", "day_limit", "token_limit", "concurrency_limit")
PLAIN = ("name", "scopes", "allowed_models", "allowed_networks")
NEW = {"lifetime": "never", "scopes": Scope.values, "log_days": LOG_DAYS_MOST}
OVERLAPS = {"0": "at once", "3600": "in an hour", "86400": "in a day", "604800": "in 7 days"}


def count(label: str, most: int, hint: str) -> forms.IntegerField:
    """Return a field of a limit that may be left out."""
    return forms.IntegerField(
        label=label, min_value=1, max_value=most, required=False, help_text=hint
    )


def spend(label: str) -> forms.DecimalField:
    """Return a field of credits that may be left out."""
    return forms.DecimalField(
        label=label,
        min_value=Decimal("0.000001"),
        max_value=MOST_CREDITS,
        max_digits=13,
        decimal_places=6,
        required=False,
    )


class KeyForm(WordedForm):
    """All that can be said about a key."""

    name = forms.CharField(
        max_length=80, help_text="What you will know it by, such as where it runs."
    )
    lifetime = forms.ChoiceField(label="Expires", required=False, widget=forms.RadioSelect)
    until = forms.DateField(
        label="Day of the end", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    scopes = forms.MultipleChoiceField(
        label="May be used to", choices=Scope, widget=forms.CheckboxSelectMultiple
    )
    minute_limit = count("Requests a minute", MINUTE_LIMIT_MOST, "1 to 1,000. Empty: your level's.")
    day_limit = count("Requests a UTC day", DAY_LIMIT_MOST, "1 to 10,000. Empty: your level's.")
    token_limit = count("Tokens a minute", TOKEN_LIMIT_MOST, "Empty: no limit.")
    concurrency_limit = count("Calls at once", CONCURRENCY_LIMIT_MOST, "Empty: no limit.")
    day_spend = spend("Credits a UTC day")
    month_spend = spend("Credits a UTC month")
    total_spend = spend("Credits in all")
    allowed_models = forms.MultipleChoiceField(
        label="Models",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all models, new ones too.",
    )
    allowed_networks = forms.CharField(
        label="Networks",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, such as 203.0.113.0/24. Empty: from anywhere.",
    )

    log_days = forms.IntegerField(
        label="Days in the log",
        min_value=0,
        max_value=LOG_DAYS_MOST,
        required=False,
        help_text=f"0 to {LOG_DAYS_MOST}. With 0, nothing of a call is kept in the log once it has"
        " ended: neither you nor we can look it up. Charges stay in your history. Fewer days count"
        " for earlier calls, too, within the hour. Empty: as it is, at first 30.",
    )

    def __init__(self, *args: Any, key: ApiKey | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", describe(key) if key else NEW)
        super().__init__(*args, **kwargs)
        self.key = key
        self._offer_models(key)
        if "lifetime" in self.fields:
            self._offer_lifetimes(key)

    def _offer_lifetimes(self, key: ApiKey | None) -> None:
        choices = [("never", "never"), *LIFETIMES.items(), ("day", "at the start of a UTC day:")]
        if key:
            choices[0] = ("keep", "never, as it is")
        if key and key.expires_at:
            end = key.expires_at.astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC")
            choices[:1] = [("keep", f"{end}, as it is"), ("never", "never")]
        lifetime = self.fields["lifetime"]
        assert isinstance(lifetime, forms.ChoiceField)
        lifetime.choices = choices
        self.untouched = choices[0][0]

    def _offer_models(self, key: ApiKey | None) -> None:
        named = list(
            Model.objects.filter(enabled=True).values_list("name", flat=True).order_by("name")
        )
        known = key.allowed_models if key else []
        models = self.fields["allowed_models"]
        assert isinstance(models, forms.MultipleChoiceField)
        models.choices = [(name, name) for name in dict.fromkeys([*named, *known])]

    def clean_name(self) -> str:
        """Refuse names that cannot be read."""
        name: str = self.cleaned_data["name"].strip()
        if not name.isprintable():
            raise ValidationError("Use characters that can be seen.")
        return name

    def clean_allowed_networks(self) -> list[str]:
        """Return one network a line; refuse what is none."""
        lines = [line.strip() for line in self.cleaned_data["allowed_networks"].splitlines()]
        found = [line for line in lines if line]
        if len(found) > NAMES_MOST:
            raise ValidationError(f"Give {NAMES_MOST} networks at the most.")
        for line in found:
            try:
                networks.parse(line)
            except ValueError:
                raise ValidationError(
                    "One of these is no network; write them like 203.0.113.0/24."
                ) from None
        return found

    def clean(self) -> dict[str, Any]:
        """See that the end is one: a day that was typed in counts, or is refused."""
        cleaned = super().clean() or {}
        if "until" not in cleaned or "lifetime" not in cleaned:
            return cleaned
        day, lifetime = cleaned["until"], cleaned["lifetime"] or self.untouched
        if day and lifetime == self.untouched:
            # Who types a day and leaves what was chosen before means the day.
            lifetime = "day"
        cleaned["lifetime"] = lifetime
        if day is None and lifetime == "day":
            self.add_error("until", "Choose a day.")
        elif day and lifetime != "day":
            self.add_error("until", "You chose another end above. Choose this day, or empty it.")
        elif day and day <= timezone.now().date():
            self.add_error("until", "Choose a day that is still to come.")
        elif day and day > last_day():
            self.add_error("until", f"Choose a day in the next {LONGEST_YEARS} years.")
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what was typed in as `keys.issue` and `keys.configure` take it."""
        cleaned = self.cleaned_data
        found: dict[str, Any] = {
            **{name: cleaned[name] for name in (*PLAIN, *COUNTS) if name in cleaned},
            **{name: micro(cleaned[name]) for name in SPENDS},
        }
        if cleaned["log_days"] is not None:
            found["log_days"] = cleaned["log_days"]
        if cleaned.get("lifetime", "keep") != "keep":
            found["expires_at"] = self._expiry()
        return found

    def _expiry(self) -> datetime | None:
        lifetime = self.cleaned_data["lifetime"]
        if lifetime == "day":
            day = self.cleaned_data["until"]
            return timezone.make_aware(datetime(day.year, day.month, day.day))
        if lifetime == "never":
            return None
        return timezone.now() + timedelta(days=int(lifetime))


class PlaygroundForm(KeyForm):
    """What can be said about the playground's key: it has neither an end nor another use."""

    name = lifetime = until = scopes = allowed_networks = None  # type: ignore[assignment]


class RotateForm(WordedForm):
    """When the old text of a key stops."""

    overlap = forms.ChoiceField(
        label="The old text stops working", choices=OVERLAPS, initial="86400"
    )


def last_day() -> date:
    """Return the last day on which a key may end (UTC)."""
    today = timezone.now().date()
    # The 29th of February is in few years.
    return today.replace(year=today.year + LONGEST_YEARS, day=min(today.day, 28))


def micro(credits: Decimal | None) -> int | None:
    """Return credits in micro-credits, exactly: the field takes no more than 6 decimals."""
    return None if credits is None else int(credits * MICRO)


def describe(key: ApiKey) -> dict[str, Any]:
    """Return what a key is, as the form shows it."""
    return {
        "name": key.name,
        "lifetime": "keep",
        "log_days": key.log_days,
        "scopes": key.scopes,
        "allowed_models": key.allowed_models,
        "allowed_networks": "\n".join(key.allowed_networks),
        **{name: getattr(key, name) for name in COUNTS},
        **{
            name: None if getattr(key, name) is None else Decimal(getattr(key, name)) / MICRO
            for name in SPENDS
        },
    }
