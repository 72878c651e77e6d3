"""The contact page: an address, and a form that opens a request."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.limited import count, limited
from accounts.models import User
from accounts.wording import WordedForm
from privacy import data_requests
from privacy.models import GENERAL, RequestKind

LONGEST = 4_000
OPENED, TRIED = "5/h", "60/h"
"""How many requests an address may open, and how often it may try: mistakes are no flood."""
SENT = "contact_sent"
"""Where a session keeps the number of a request that was just sent, until it was shown."""


TOPICS = [
    ("", "Choose one"),
    ("Your account and the service", [(kind.value, kind.label) for kind in GENERAL]),
    ("Your data", [(kind.value, kind.label) for kind in RequestKind if kind not in GENERAL]),
]


class ContactForm(WordedForm):
    """What somebody asks; who is signed in needs no address."""

    topic = forms.ChoiceField(label="What is it about?", choices=TOPICS)
    email = forms.EmailField(
        label="Your email address", max_length=254, help_text="We answer there, and forget it then."
    )
    words = forms.CharField(
        label="Your message",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Please send no passwords, keys or card numbers.",
    )

    def __init__(self, *args: Any, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["email"]


@never_cache
@limited(TRIED, by="ip")
def contact(request: HttpRequest) -> HttpResponse:
    """Show how to reach us, and open a request; its number is shown once, on a page of its own."""
    user = request.user if isinstance(request.user, User) else None
    about = {"topic": request.GET.get("about", "")}
    form = ContactForm(request.POST or None, initial=about, known=user is not None)
    if request.method == "POST" and form.is_valid():
        count(request, OPENED, of="contact", by="ip")
        opened = data_requests.open_request(
            form.cleaned_data["topic"],
            form.cleaned_data["words"],
            user=user,
            email=form.cleaned_data.get("email", ""),
        )
        due = opened.due_at.isoformat() if opened.due_at else None
        request.session[SENT] = {"number": opened.number, "due": due}
        return redirect("contact")
    context: dict[str, object] = {"form": form, "address": settings.PRIVACY_CONTACT}
    if request.method == "GET" and SENT in request.session:
        sent = request.session.pop(SENT)
        context["number"] = sent["number"]
        if sent["due"]:
            context["due"] = datetime.fromisoformat(sent["due"])
    return render(request, "privacy/contact.html", context, status=400 if form.errors else 200)
