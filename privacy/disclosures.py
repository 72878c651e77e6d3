"""The pages that say what is held, who receives it, and what we must be able to show."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from privacy import inventory, recipients, record


@require_safe
def what_we_hold(request: HttpRequest) -> HttpResponse:
    """Show every data set and column that we hold about people."""
    return render(request, "privacy/what_we_hold.html", {"sets": inventory.data_sets()})


@require_safe
def show_recipients(request: HttpRequest) -> HttpResponse:
    """Show who receives data."""
    context = {"providers": recipients.ai_providers(), "partners": recipients.partners()}
    return render(request, "privacy/recipients.html", context)


@never_cache
@require_safe
def show_record(request: HttpRequest) -> HttpResponse:
    """Show staff who look after privacy the record of processing, as a page or as JSON.

    It lies behind the admin's door, where a second factor is asked for.
    """
    user = request.user
    if not isinstance(user, User) or not user.has_perm("privacy.view_acceptance"):
        raise PermissionDenied
    found = record.record()
    if request.GET.get("format") == "json":
        return JsonResponse(found, json_dumps_params={"indent": 2})
    return render(request, "privacy/record.html", {"record": found})
