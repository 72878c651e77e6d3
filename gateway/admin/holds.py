"""Routes that staff have taken out of use."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from gateway.models import RouteHold


@admin.register(RouteHold)
class RouteHoldAdmin(ReadOnlyAdmin):
    """What staff hold open, and what they held last; it is done at Operations → Routes."""

    list_display = ("route", "since", "until", "by")
    list_select_related = ("route__model", "route__provider", "by")
