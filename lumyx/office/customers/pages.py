"""Find a customer, and see all about one on a page."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import State, User
from billing.admin.read_only import staff_of
from gateway import key_search
from lumyx.office import doors
from lumyx.office.customers import acts, search, sections
from privacy.models import Look


class SearchForm(forms.Form):
    """What is known of a customer."""

    q = forms.CharField(
        label="What do you know of them?",
        max_length=search.LONGEST,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}
        ),
    )


@doors.staff_page("accounts.view_user", people=Look.FOUND, methods=("GET", "HEAD", "POST"))
def find(request: HttpRequest) -> TemplateResponse:
    """Search for customers; what is searched for is posted, so that no address or log holds it."""
    form = SearchForm(acts.sent(request))
    found, text = None, ""
    if form.is_valid():
        text = form.cleaned_data["q"]
        found = search.find(text, staff_of(request))
    # A key is not sent back: the page could be left open or printed.
    again = SearchForm(initial={"q": "" if key_search.maybe_secret(text) else text})
    context = {
        "form": form if form.errors else again,
        "found": found,
        "most": search.MOST,
        "kinds": _kinds(staff_of(request)),
    }
    return doors.show(
        request,
        "office/customers/find.html",
        "Find a customer",
        context,
        people=found.rows if found else [],
        status=400 if form.errors else 200,
    )


def _kinds(staff: User) -> list[str]:
    """Return what a role can search for."""
    kinds = ["NabzClan id, username or email", "account id"]
    if staff.has_perm(search.KEYS):
        kinds.append("key as it is shown (lx-AbCd…wxyz, lx-AbCd or …wxyz), or a whole key")
    if staff.has_perm(search.CALLS):
        kinds.append("request id (req_…)")
    if staff.has_perm(search.PAYMENTS):
        kinds.append("receipt (LX-…) or Stripe’s cus_, pi_, cs_, re_, ch_, du_ or in_")
    return kinds


@dataclass(frozen=True)
class Tool:
    """Something that can be done about a customer: its words, and the name of its address."""

    words: str
    name: str
    danger: bool = False


def tools(user: User, staff: User) -> list[Tool]:
    """Return what a member of staff may do about somebody now."""
    active, frozen = user.state == State.ACTIVE, user.state == State.FROZEN
    customer = not user.is_staff
    offered = [
        (active, acts.FREEZE, Tool("Freeze", "office:customer_freeze", True)),
        (frozen, acts.FREEZE, Tool("Thaw", "office:customer_thaw")),
        (True, acts.REVOKE, Tool("Revoke all keys", "office:customer_revoke_all", True)),
        (True, acts.CREDIT, Tool("Give or correct credits", "office:customer_credits")),
        (customer, acts.FOR_PERSON, Tool("Start an export", "office:customer_export")),
        (customer, acts.FOR_PERSON, Tool("Start a deletion", "office:customer_delete", True)),
        (customer, acts.CHILD, Tool("Confirm a child’s report", "office:customer_child", True)),
    ]
    return [tool for now, permission, tool in offered if now and staff.has_perm(permission)]


@doors.staff_page("accounts.view_user", people=Look.OPENED)
def show(request: HttpRequest, user_id: UUID) -> TemplateResponse:
    """Show all about a customer that the role may see; never a secret, never what was said."""
    user = get_object_or_404(User, pk=user_id)
    staff = staff_of(request)
    found = sections.of(user, staff)
    context = {
        "person": user,
        "sections": found,
        "tools": tools(user, staff),
        "may": {
            "revoke": staff.has_perm(acts.REVOKE),
            "refund": staff.has_perm(acts.REFUND),
            "requests": staff.has_perm("privacy.view_datarequest"),
        },
    }
    return doors.show(
        request,
        "office/customers/customer.html",
        f"Customer {user.username}",
        context,
        people=sections.shown(found),
    )
