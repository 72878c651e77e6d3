"""Incidents and planned work, which everybody reads at `/status` as soon as they are saved."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import StackedInline

from accounts.closed_lists import ModelAdmin
from billing.admin import ReadOnlyAdmin
from gateway import incidents, status
from gateway.models import Affected, Incident, IncidentUpdate


class IncidentForm(forms.ModelForm):  # type: ignore[type-arg]
    """An incident, whose parts are ticked."""

    affected = forms.MultipleChoiceField(
        choices=Affected.choices, widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        model = Incident
        fields = (
            *("title", "impact", "affected", "planned", "started_at", "ends_at"),
            "resolved_at",
        )


class UpdateInline(StackedInline):
    """What was said, and what is to be said now."""

    model = IncidentUpdate
    extra = 1
    fields = (("state", "at"), "text")


@admin.register(Incident)
class IncidentAdmin(ModelAdmin):
    """What went wrong or is planned. Name nobody and quote no call: this is public."""

    form = IncidentForm
    list_display = ("title", "impact", "planned", "started_at", "over")
    list_filter = ("impact", "planned")
    search_fields = ("title",)
    inlines = (UpdateInline,)
    deleted_along = (IncidentUpdate,)

    @admin.display(description="over")
    def over(self, incident: Incident) -> Any:
        """Return when it was over."""
        return incident.over_at

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save an incident with what is said of it, and show it at once."""
        super().save_related(request, form, formsets, change)
        incidents.settle(form.instance)
        status.forget()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete an incident, and show it no more."""
        super().delete_model(request, obj)
        status.forget()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete incidents, and show them no more."""
        super().delete_queryset(request, queryset)
        status.forget()


@admin.register(IncidentUpdate)
class IncidentUpdateAdmin(ReadOnlyAdmin):
    """All that was said; it is written on the page of its incident."""

    list_display = ("at", "incident", "state", "text")
    list_filter = ("state",)
    list_select_related = ("incident",)
