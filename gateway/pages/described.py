"""What a public page says of itself to search engines and to whoever shares it."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers


@dataclass(frozen=True)
class Described:
    """A page's title, a sentence about it, and its one true path."""

    title: str
    description: str
    path: str

    @property
    def url(self) -> str:
        """The address that search engines should know it by, whatever was asked for."""
        return f"{settings.PUBLIC_URL}{self.path}"


def unshared(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the response, kept by no cache where it shows somebody their own prices."""
    if request.user.is_authenticated:
        add_never_cache_headers(response)
    return response
