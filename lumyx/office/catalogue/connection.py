"""Test the connection to a provider: a page that says what it does, and a button that does it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from billing.admin.read_only import staff_of
from gateway import connection_tests
from gateway.models import Provider
from lumyx.office import doors

SHOWN = 10
"""How many of the last checks the page shows."""


@doors.staff_page("gateway.change_provider", methods=("GET", "HEAD", "POST"))
def provider(request: HttpRequest, provider_id: int) -> HttpResponse:
    """Show what the last checks found; a sent form makes one more."""
    row = get_object_or_404(Provider, pk=provider_id)
    if request.method == "POST":
        connection_tests.run(row, by=staff_of(request))
        return redirect("office:provider_connection", row.pk)
    checks = [(check, connection_tests.told(check)) for check in row.checks.all()[:SHOWN]]
    return doors.show(
        request,
        "office/catalogue/connection.html",
        f"Connection to {row}",
        {"provider": row, "checks": checks, "has_key": bool(row.encrypted_key)},
    )
