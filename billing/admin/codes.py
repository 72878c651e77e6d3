"""Redemption codes: made in batches, whose texts are shown once, and disabled."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanSwitchWidget

from billing import codes
from billing.admin import confirmed
from billing.admin.credits import CreditsField, in_credits
from billing.admin.read_only import AddOnlyAdmin, ReadOnlyAdmin, staff_of
from billing.models import Code, Redemption

TERMS = tuple(codes.Terms.__annotations__)
SHOWN = (
    *("hint", "value_in_credits", "most", "most_each", "redeemed", "expires_at", "bonus"),
    *("note", "batch", "created_by", "created_at", "disabled_at"),
    *("waits", "approved_by", "approved_at"),
)


def _named(code: Code) -> str:
    times = f"up to {code.most} times" if code.most else "as often as accounts come"
    note = f": {code.note}" if code.note else ""
    return f"…{code.hint}, {in_credits(code.value)} credits {times}{note}"


WAITS = (
    "These codes work once a second person has approved them. Copy their texts now all the same: "
    "they are never shown again."
)
APPROVE = confirmed.Question(
    title="Approve codes?",
    each=lambda code: f"Whoever has it can redeem {_named(code)}",
    undo="Codes can be disabled at any time; what was redeemed stays.",
    button="Approve",
    reason=False,
)
DISABLE = confirmed.Question(
    title="Disable codes?",
    each=lambda code: f"Nobody can redeem {_named(code)}",
    undo="It cannot be undone: make other codes. What was redeemed stays.",
    button="Disable",
    danger=True,
    reason=False,
)


class CodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """How many codes to make, and on which terms."""

    count = forms.IntegerField(
        label="How many codes",
        initial=1,
        min_value=1,
        max_value=codes.MOST_AT_ONCE,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    credits = CreditsField(label="Credits", help_text="What each redemption gives.")
    as_file = forms.BooleanField(
        label="As a file",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="The texts come as a text file and not on a page; either way only once.",
    )
    batch = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    class Meta:
        model = Code
        fields = TERMS

    def clean_expires_at(self) -> Any:
        """Refuse a time that is over."""
        at = self.cleaned_data["expires_at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This time is over.")
        return at

    def clean(self) -> dict[str, Any]:
        """Let the model judge the value."""
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("credits") is not None:
            self.instance.value = fields["credits"]
        return fields


@admin.register(Code)
class CodeAdmin(AddOnlyAdmin):
    """Codes, by the end of their text."""

    form = CodeForm
    list_display = (
        *("hint", "value_in_credits", "most", "most_each", "redeemed", "expires_at", "bonus"),
        *("note", "disabled_at", "waits"),
    )
    list_filter = ("waits", "bonus", ("disabled_at", admin.EmptyFieldListFilter))
    search_fields = ("hint", "note", "batch")
    ordering = ("-id",)
    actions = ("approve", "disable_codes")
    add_fieldsets = (
        (None, {"fields": (("count", "credits"), ("most", "most_each"), "expires_at")}),
        (None, {"fields": ("bonus", "note", "as_file")}),
    )
    fieldsets = ((None, {"fields": SHOWN}),)

    def get_fieldsets(self, request: HttpRequest, obj: Code | None = None) -> Any:
        """Show the form of a batch where one is made."""
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Code | None = None) -> Any:
        """Nothing of a code that was made can be changed."""
        return () if obj is None else SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Code]:
        """Count the redemptions of each."""
        rows: QuerySet[Code] = super().get_queryset(request)
        return rows.annotate(redemption_count=Count("redemptions"))

    def acts_on(self, row: Code) -> Sequence[str]:
        """Offer to stop what works."""
        if row.disabled_at is not None:
            return ()
        return ("approve", "disable_codes") if row.waits else ("disable_codes",)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may decide about what others would give."""
        return staff_of(request).has_perm("billing.approve_adjustment")

    @admin.display(description="credits", ordering="value")
    def value_in_credits(self, code: Code) -> str:
        """Return what each redemption gives."""
        return in_credits(code.value)

    @admin.display(description="redeemed")
    def redeemed(self, code: Any) -> int:
        """Return how often it was redeemed."""
        return int(code.redemption_count)

    def changeform_view(self, request: HttpRequest, *place: Any, **named: Any) -> HttpResponse:
        """Say so where a form was sent a second time."""
        try:
            return super().changeform_view(request, *place, **named)
        except codes.MadeBefore:
            messages.warning(
                request,
                "These codes were made before and cannot be shown again. "
                "If nobody has seen them, disable them and make others.",
            )
            return redirect("admin:billing_code_changelist")

    def save_model(self, request: HttpRequest, obj: Code, form: Any, change: bool) -> None:
        """Make the batch; the texts live as long as the request."""
        fields = form.cleaned_data
        made = codes.make_batch(
            fields["count"],
            value=fields["credits"],
            by=staff_of(request),
            batch=fields["batch"],
            **{name: fields[name] for name in TERMS},
        )
        request.codes_made = made  # type: ignore[attr-defined]
        obj.pk = made[0][0].pk

    def log_addition(self, request: Any, obj: Code, message: Any) -> Any:
        """Log each code of the batch."""
        rows = [code for code, _ in request.codes_made]
        text = f"Made, in a batch of {len(rows)}."
        user = staff_of(request).pk
        return LogEntry.objects.log_actions(user, rows, ADDITION, text, single_object=False)

    def response_add(self, request: Any, obj: Code, post_url_continue: Any = None) -> HttpResponse:
        """Show the texts, this once."""
        texts = [text for _, text in request.codes_made]
        if request.codes_made[0][0].waits:
            self.message_user(request, WAITS, messages.WARNING)
        response: HttpResponse
        if request.POST.get("as_file"):
            response = HttpResponse("\n".join([*texts, ""]), content_type="text/plain")
            name = f"lumyx-codes-{obj.batch.hex[:8]}.txt"
            response["Content-Disposition"] = f'attachment; filename="{name}"'
        else:
            context = {"title": "Codes", "opts": self.opts, "texts": texts}
            context |= self.admin_site.each_context(request)
            response = TemplateResponse(request, "billing/codes_made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Approve", permissions=["approve"])
    @confirmed.first(APPROVE)
    def approve(self, request: HttpRequest, queryset: QuerySet[Code], reason: str) -> None:
        """Let codes that others made be redeemed."""
        done = 0
        for code in queryset:
            try:
                with transaction.atomic():
                    self.log_change(request, codes.approve(code, by=staff_of(request)), "Approved.")
            except codes.SamePerson:
                text = "Somebody else has to approve what you made."
                self.message_user(request, f"{code}: {text}", messages.ERROR)
            except codes.NotWaiting:
                self.message_user(request, f"{code} does not wait.", messages.WARNING)
            else:
                done += 1
        if done:
            self.message_user(request, f"Approved: {done} codes can be redeemed now.")

    @admin.action(description="Disable", permissions=["add"])
    @confirmed.first(DISABLE)
    def disable_codes(self, request: HttpRequest, queryset: QuerySet[Code], reason: str) -> None:
        """Stop the selected codes for good."""
        with transaction.atomic():
            for code in queryset.filter(disabled_at=None):
                if codes.disable([code]):
                    self.log_change(request, code, "Disabled.")
        self.message_user(request, "The selected codes are disabled.")


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    """Who redeemed which code."""

    list_display = ("created_at", "code", "account", "nth", "credits")
    list_select_related = ("code", "account")
    search_fields = ("id", "code__hint", "account__public_id", "account__user__username")
    ordering = ("-created_at",)
    show_full_result_count = False

    @admin.display(description="credits")
    def credits(self, redemption: Redemption) -> str:
        """Return what it gave."""
        return in_credits(redemption.amount)
