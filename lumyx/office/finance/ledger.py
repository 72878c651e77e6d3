"""The ledger, to be searched and read: each movement with what it belongs to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from billing import history, ledger_search
from billing.admin.credits import MOST
from billing.admin.read_only import staff_of
from billing.ledger_search import PAGE, Search, Sums, TooMuch
from billing.models import MICRO, Account, LedgerEntry, LedgerKind, Order
from lumyx.office import doors
from privacy.models import Look

ID_MOST = 2**63 - 1
LINKED = {
    "code": ("billing.redemption", "redemption"),
    "adjustment": ("billing.adjustment", "adjustment"),
}
"""By the first word of a reference: the table that the second is of, and what it is called."""


class SearchForm(forms.Form):
    """What to look for; all of it may be left out."""

    kind = forms.ChoiceField(choices=[("", "Any kind"), *LedgerKind.choices], required=False)
    account = forms.CharField(
        label="Account", required=False, max_length=150, help_text="Public id or username"
    )
    reference = forms.CharField(
        label="Belongs to",
        required=False,
        max_length=80,
        help_text="Order, payment, receipt, call, redemption, adjustment",
    )
    since = forms.DateField(label="From (UTC)", required=False, widget=forms.DateInput())
    until = forms.DateField(label="To (UTC)", required=False, widget=forms.DateInput())
    least = forms.DecimalField(
        label="At least, credits", required=False, min_value=0, max_value=MOST, decimal_places=6
    )
    most = forms.DecimalField(
        label="At most, credits", required=False, min_value=0, max_value=MOST, decimal_places=6
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=ID_MOST, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            self.fields[name].widget.input_type = "date"

    def clean_account(self) -> Account | None:
        """Find the account."""
        text = str(self.cleaned_data["account"]).strip()
        if not text:
            return None
        found = ledger_search.find_account(text)
        if found is None:
            raise forms.ValidationError("There is no account of this public id or username.")
        return found

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order."""
        fields: dict[str, Any] = super().clean() or {}
        since, until = fields.get("since"), fields.get("until")
        if since and until and since > until:
            raise forms.ValidationError("The first day is after the last.")
        return fields

    def search(self) -> Search:
        """Return what is looked for."""
        fields = self.cleaned_data
        text = fields["reference"].strip()
        since, until = fields["since"], fields["until"]
        return Search(
            kind=fields["kind"],
            account=fields["account"],
            references=ledger_search.references(text) if text else (),
            least=_micro(fields["least"]),
            most=_micro(fields["most"]),
            since=datetime.combine(since, time.min, UTC) if since else None,
            until=datetime.combine(until, time.min, UTC) + timedelta(days=1) if until else None,
        )


@dataclass(frozen=True)
class Row:
    """A movement as the page shows it; `belongs` is what it belongs to, with its page."""

    entry: LedgerEntry
    words: str
    belongs: str
    href: str


@doors.staff_page("billing.view_ledgerentry", people=Look.LIST)
def explore(request: HttpRequest) -> HttpResponse:
    """Search the ledger."""
    form = SearchForm(request.GET)
    entries: list[LedgerEntry] = []
    more, sums, too_much = False, None, False
    people: list[tuple[type[Any], object]] = []
    if form.is_valid():
        search, before = form.search(), form.cleaned_data["before"]
        try:
            entries, more = ledger_search.page(search, before=before)
            summed = before is None and _may_sum(staff_of(request), search)
            sums = ledger_search.sums(search) if summed else None
        except TooMuch:
            entries, more, too_much = [], False, True
        people = [(LedgerEntry, entry.pk) for entry in entries]
        if search.account is not None:
            people.append((Account, search.account.pk))
    context = {
        "form": form,
        "rows": _rows(staff_of(request), entries),
        "sums": _told(sums),
        "most_summed": ledger_search.MOST_SUMMED,
        "too_much": too_much,
        "page_size": PAGE,
        "first": _address(request),
        "next": _address(request, before=entries[-1].pk) if more else "",
    }
    return doors.show(request, "office/finance/ledger.html", "Ledger", context, people=people)


def _may_sum(staff: User, search: Search) -> bool:
    """Return whether somebody may know what it comes to: not the company's totals, unless theirs.

    What one account or one purchase comes to can be added up by whoever sees its movements.
    """
    of_one = search.account is not None or bool(search.references)
    return of_one or staff.has_perm("billing.view_reconciliation")


def _told(sums: Sums | None) -> dict[str, Any] | None:
    if sums is None:
        return None
    return {
        "count": sums.count,
        "given": sums.given,
        "taken": sums.taken,
        "amount": sums.amount,
    }


def _rows(staff: User, entries: Sequence[LedgerEntry]) -> list[Row]:
    bought = ledger_search.orders(entries)
    return [_row(staff, entry, bought.get(entry.pk)) for entry in entries]


def _row(staff: User, entry: LedgerEntry, order: Order | None) -> Row:
    # Those are the words that the customer reads.
    words = history.words(entry, order).replace(" to you", " to the payer")
    first, _, rest = entry.reference.partition(" ")
    if order is not None:
        name = order.receipt_number or "order"
        return Row(entry, words, name, _page(staff, "billing.order", order.pk))
    if entry.kind == LedgerKind.USAGE:
        return Row(entry, words, "call", _page(staff, "gateway.requestlog", _uuid(first)))
    if first in LINKED:
        model, name = LINKED[first]
        return Row(entry, words, name, _page(staff, model, _uuid(rest)))
    return Row(entry, words, "", "")


def _page(staff: User, label: str, key: object) -> str:
    """Return the address of a row's page, for those who may open it."""
    app, _, model = label.partition(".")
    if key is None or not staff.has_perm(f"{app}.view_{model}"):
        return ""
    return reverse(f"admin:{app}_{model}_change", args=[key])


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _address(request: HttpRequest, *, before: int | None = None) -> str:
    asked = request.GET.copy()
    asked.pop("before", None)
    if before is not None:
        asked["before"] = str(before)
    return f"{request.path}?{asked.urlencode()}"


def _micro(credits: Any) -> int | None:
    return None if credits is None else int(credits * MICRO)
