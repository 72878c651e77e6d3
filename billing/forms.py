"""What people type in about money; dollars and credits become cents and micro-credits here."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from accounts.wording import WordedForm
from billing.models import MICRO, AutoTopUp, LedgerKind, LowBalanceAlert

CENTS = Decimal(100)
KINDS = [
    (LedgerKind.USAGE.value, "calls"),
    (LedgerKind.TOP_UP.value, "purchases"),
    (LedgerKind.GRANT.value, "given credits"),
    (LedgerKind.ADJUSTMENT.value, "corrections"),
    (LedgerKind.REFUND.value, "refunds"),
    (LedgerKind.DISPUTE.value, "disputes"),
]


def dollars(label: str, *, least: int, most: int, help_text: str = "") -> forms.DecimalField:
    """Return a field of US dollars with at most two decimals."""
    return forms.DecimalField(
        label=label,
        min_value=Decimal(least),
        max_value=Decimal(most),
        max_digits=9,
        decimal_places=2,
        help_text=help_text,
        error_messages={
            "required": "Type an amount such as 20 or 12.50.",
            "min_value": f"The least is ${least:,}.",
            "max_value": f"The most is ${most:,}.",
            "max_decimal_places": "Cents are the smallest unit: two decimals.",
            "invalid": "Type an amount such as 20 or 12.50.",
        },
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )


def credits_field(label: str, *, help_text: str) -> forms.DecimalField:
    """Return a field of a balance in credits, below which something is done; never zero."""
    return forms.DecimalField(
        label=label,
        min_value=Decimal(1) / MICRO,
        max_value=Decimal(100_000),
        max_digits=12,
        decimal_places=6,
        help_text=help_text,
        error_messages={
            "required": "Type a number of credits such as 5 or 0.5.",
            "min_value": "No balance falls below zero: choose more than 0.",
            "max_value": "The most is 100,000 credits.",
            "max_decimal_places": "A credit has six decimals.",
            "invalid": "Type a number of credits such as 5 or 0.5.",
        },
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )


class TopUpForm(WordedForm):
    """How much to buy, in US dollars."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        least, most = settings.TOP_UP_LEAST, settings.TOP_UP_MOST
        self.fields["amount"] = dollars(
            "Another amount",
            least=least,
            most=most,
            help_text=f"In US dollars, from ${least:,} to ${most:,}.",
        )

    @property
    def cents(self) -> int:
        """Return what was chosen, in cents."""
        return int(self.cleaned_data["amount"] * CENTS)


class AutoTopUpForm(WordedForm):
    """When to buy credits by itself, how many, and how much in a month."""

    enabled = forms.BooleanField(
        label="Top up automatically",
        required=False,
        help_text="We charge your saved card when your balance falls below the threshold.",
    )
    threshold = credits_field("When the balance falls below", help_text="In credits.")

    def __init__(self, *args: Any, plan: AutoTopUp, has_card: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_card = has_card
        least, most = settings.TOP_UP_LEAST, settings.TOP_UP_MOST
        self.fields["amount"] = dollars(
            "Buy credits for", least=least, most=most, help_text="In US dollars."
        )
        self.fields["ceiling"] = dollars(
            "And never more in a month than",
            least=least,
            most=100 * most,
            help_text="In US dollars, by calendar month in UTC.",
        )
        if not self.is_bound:
            self.initial = {
                "enabled": plan.enabled,
                "threshold": plain(Decimal(plan.threshold) / MICRO),
                "amount": plain(Decimal(plan.amount) / CENTS),
                "ceiling": plain(Decimal(plan.monthly_ceiling) / CENTS),
            }

    def clean(self) -> dict[str, Any]:
        """Refuse what could never charge anything."""
        cleaned = super().clean() or {}
        amount, ceiling = cleaned.get("amount"), cleaned.get("ceiling")
        if amount is not None and ceiling is not None and ceiling < amount:
            self.add_error("ceiling", "The month's ceiling is below a single purchase.")
        if cleaned.get("enabled") and not self._has_card:
            self.add_error("enabled", "Save a card first.")
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what was chosen, in the units of the table."""
        chosen = self.cleaned_data
        return {
            "enabled": chosen["enabled"],
            "threshold": int(chosen["threshold"] * MICRO),
            "amount": int(chosen["amount"] * CENTS),
            "monthly_ceiling": int(chosen["ceiling"] * CENTS),
        }


class AlertForm(WordedForm):
    """When to be told that credits run low."""

    mail = forms.BooleanField(
        label="Mail me when credits run low",
        required=False,
        help_text="Once, and again after you had enough.",
    )
    below = credits_field("When the balance falls below", help_text="In credits.")

    def __init__(self, *args: Any, alert: LowBalanceAlert, mail: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial = {"mail": mail, "below": plain(Decimal(alert.threshold) / MICRO)}


class RedeemForm(WordedForm):
    """A code that somebody was given."""

    code = forms.CharField(
        label="Code",
        max_length=200,
        help_text="Such as LUMYX-XXXXX-XXXXX-XXXXX.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class HistoryForm(WordedForm):
    """Which movements of money to show."""

    kind = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "everything"), ("credits", "all but calls"), *KINDS],
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


def plain(number: Decimal) -> str:
    """Write a number without trailing zeros and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
