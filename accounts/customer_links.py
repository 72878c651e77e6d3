"""Links from tables of the admin to the page about a customer."""

from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html


def open_customer(user_id: UUID | None) -> str:
    """Return a link to the page about somebody; nothing where they are gone."""
    if user_id is None:
        return ""
    page = reverse("office:customer", args=[user_id])
    return format_html('<a class="office-link" href="{}">Open customer</a>', page)
