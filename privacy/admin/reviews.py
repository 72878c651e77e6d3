"""The register of security reviews: they are added, and stay as they were entered."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing.admin.read_only import AddOnlyAdmin, staff_of
from privacy import reviews
from privacy.models import SecurityReview

TYPED = ("held_on", "scope", "findings", "actions")


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was reviewed."""

    class Meta:
        model = SecurityReview
        fields = TYPED

    def clean_held_on(self) -> Any:
        """Refuse a day that is still to come."""
        day = self.cleaned_data["held_on"]
        try:
            reviews.check_day(day)
        except forms.ValidationError as wrong:
            raise forms.ValidationError(wrong.messages) from None
        return day


@admin.register(SecurityReview)
class SecurityReviewAdmin(AddOnlyAdmin):
    """Security reviews, the latest first; the next is due within 92 days."""

    form = ReviewForm
    list_display = ("held_on", "by", "scope", "next_before")
    list_select_related = ("by",)
    ordering = ("-held_on", "-id")

    def get_fields(self, request: HttpRequest, obj: SecurityReview | None = None) -> Any:
        """Show who entered it, and when."""
        return TYPED if obj is None else (*TYPED, "by", "created_at")

    @admin.display(description="next before")
    def next_before(self, review: SecurityReview) -> Any:
        """Return the day before which the next one is to be held."""
        return review.held_on + reviews.EVERY

    def save_model(
        self, request: HttpRequest, obj: SecurityReview, form: Any, change: bool
    ) -> None:
        """Enter a review."""
        said = {name: form.cleaned_data[name] for name in TYPED}
        obj.pk = reviews.enter(**said, by=staff_of(request)).pk
