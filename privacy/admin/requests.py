"""The queue of what people ask of us, as staff work it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.closed_lists import ModelAdmin
from accounts.models import User
from billing.admin import ReadOnlyAdmin
from billing.admin.read_only import staff_of
from privacy import data_requests, on_behalf
from privacy.models import GENERAL, DataRequest, RequestKind, RequestState, RequestStep

ANSWERS = "privacy.answer_message"
"""Who may read and answer messages that are not about data, and no other request."""
CONFIRMED = "confirmed"
OUTCOMES = [
    ("", "It goes on"),
    ("done", "It is done"),
    ("refused", "It is refused"),
    (CONFIRMED, "A child's account: erase it now"),
]


class WorkForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who looks after a request, what was done, and whether that ends it."""

    step = forms.CharField(
        label="What was done",
        max_length=4_000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Added to the steps; it cannot be changed later.",
    )
    evidence = forms.CharField(
        max_length=4_000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Such as the number of a mail or of a receipt. Needed to end it.",
    )
    outcome = forms.ChoiceField(choices=OUTCOMES, required=False, widget=UnfoldAdminSelectWidget)
    account = forms.CharField(
        label="The child's username",
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only for a report of a child that is confirmed: erased within the hour.",
    )

    class Meta:
        model = DataRequest
        fields = ("owner",)

    def clean(self) -> dict[str, Any]:
        """Ask for what a request needs to end."""
        cleaned: dict[str, Any] = super().clean() or {}
        step, evidence = cleaned.get("step", ""), cleaned.get("evidence", "")
        if cleaned.get("outcome") and not (step and evidence):
            raise ValidationError("To end it, say what was done, and give evidence.")
        if evidence and not step:
            raise ValidationError("Say what was done, beside the evidence.")
        if cleaned.get("outcome") == CONFIRMED:
            cleaned["child"] = self._child(cleaned.get("account", ""))
        return cleaned

    def _child(self, name: str) -> User:
        if self.instance.kind != RequestKind.CHILD:
            raise ValidationError("Only a report of a child is confirmed.")
        found = User.objects.filter(username__iexact=name.strip(), is_staff=False).first()
        if found is None:
            raise ValidationError({"account": "There is no customer of this name."})
        return found


class StepInline(TabularInline):
    """What was done so far."""

    model = RequestStep
    fields = readonly_fields = ("at", "by", "words", "evidence")
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may open a request may read its steps."""
        return bool(super().has_view_permission(request, obj)) or _answers(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Steps are added with the form above."""
        return False


class ByClock(admin.SimpleListFilter):
    """How urgent it is."""

    title = "clock"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is too late, and what soon will be."""
        return [("overdue", "Overdue"), ("soon", "Due within 7 days"), ("open", "Open")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep open requests that are so urgent."""
        if self.value() is None:
            return queryset
        now = timezone.now()
        due = {"overdue": now, "soon": now + data_requests.SOON}.get(self.value() or "")
        found = queryset.filter(state=RequestState.OPEN)
        return found.filter(due_at__lte=due) if due else found


@admin.register(DataRequest)
class DataRequestAdmin(ModelAdmin):
    """Requests with their clocks, the most urgent first, those without a deadline last."""

    form = WorkForm
    list_display = ("number", "kind", "time_left", "due_at", "opened_at", "owner", "state")
    list_filter = (ByClock, "state", "kind", ("owner", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("id", "user__username", "email")
    readonly_fields = (
        *("id", "kind", "user", "email", "words", "opened_at", "due_at", "state", "closed_at"),
        "alarmed_at",
    )
    fields = (*readonly_fields, "owner", "step", "evidence", "outcome", "account")
    inlines = (StepInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataRequest]:
        """Show who only answers messages nothing else."""
        rows: QuerySet[DataRequest] = super().get_queryset(request)
        whole = ModelAdmin.has_view_permission(self, request)
        return rows if whole else rows.filter(kind__in=GENERAL)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Put what is open first, by what is due first; then what ended last."""
        ended = Case(When(state=RequestState.OPEN, then=Value(0)), default=Value(1))
        return [ended, F("closed_at").desc(nulls_first=True), "due_at"]

    @display(  # type: ignore[untyped-decorator]
        description="time left",
        ordering="due_at",
        label={"overdue": "danger", "soon": "warning", "fine": "success", "closed": "info"},
    )
    def time_left(self, request: DataRequest) -> tuple[str, str]:
        """Return how urgent it is, in a colour and in words."""
        return data_requests.urgency(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come from the contact page, or from `manage.py open_request`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """That it was made and kept stays."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Messages that are not about data are read by who answers them, too."""
        return bool(super().has_view_permission(request, obj)) or _answers(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has ended stays as it is."""
        ended = isinstance(obj, DataRequest) and obj.state != RequestState.OPEN
        may = bool(super().has_change_permission(request, obj)) or _answers(request, obj)
        return not ended and may

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only staff own requests."""
        if db_field.name == "owner":
            kwargs["queryset"] = User.objects.filter(is_staff=True, is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: DataRequest, form: Any, change: bool) -> None:
        """Note the owner, the step and the end."""
        staff, said = staff_of(request), form.cleaned_data
        try:
            data_requests.take(obj, said["owner"], by=staff)
            if said["outcome"] == CONFIRMED:
                on_behalf.erase_child(
                    said["child"],
                    obj,
                    by=staff,
                    words=said["step"],
                    evidence=said["evidence"],
                )
            elif said["outcome"]:
                data_requests.close(
                    obj,
                    by=staff,
                    words=said["step"],
                    evidence=said["evidence"],
                    refused=said["outcome"] == RequestState.REFUSED,
                )
            elif said["step"]:
                data_requests.add_step(obj, by=staff, words=said["step"], evidence=said["evidence"])
        except data_requests.Closed:
            messages.error(request, "It was ended meanwhile; nothing was changed.")


def _answers(request: HttpRequest, obj: Any) -> bool:
    """Return whether somebody may answer a message; without one, whether any."""
    is_message = not isinstance(obj, DataRequest) or obj.kind in GENERAL
    return is_message and staff_of(request).has_perm(ANSWERS)


@admin.register(RequestStep)
class RequestStepAdmin(ReadOnlyAdmin):
    """What was done about requests."""

    list_display = ("request", "at", "by")
    list_select_related = ("request", "by")
