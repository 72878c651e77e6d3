"""What search engines are told: which pages there are, and which are not for them."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from gateway import public_prices
from lumyx.docs import contents

PAGES = (
    "/",
    "/models",
    "/pricing",
    "/docs",
    "/privacy",
    "/privacy/conformance",
    "/privacy/how-we-keep-it",
    "/privacy/recipients",
    "/privacy/what-we-hold",
    "/terms",
    "/cookies",
    "/status",
    "/contact",
)
PRIVATE = (
    "/account",
    "/accounts/",
    "/admin/",
    "/api/",
    "/billing",
    "/dashboard",
    "/docs/search",
    "/keys",
    "/models?",
    "/models/compare?",
    "/playground",
    "/privacy/centre",
    "/sign-in",
    "/staff/",
    "/usage",
    "/welcome",
)


class PublicPages(Sitemap):  # type: ignore[type-arg]  # it has no parameters as it runs
    """Every page that everybody may read, at the service's own address whatever host was asked."""

    @property
    def protocol(self) -> str:  # type: ignore[override]
        """Return the scheme of the service's address."""
        return urlsplit(settings.PUBLIC_URL).scheme

    def get_domain(self, site: object = None) -> str:
        """Return the host of the service's address."""
        return urlsplit(settings.PUBLIC_URL).netloc

    def items(self) -> list[str]:
        """Return the paths."""
        models = [reverse("model", args=[one.name]) for one in public_prices.listed()]
        return [*PAGES, *(page.url for page in contents.pages().values()), *models]

    def location(self, item: str) -> str:
        """Return a page's path."""
        return item


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """List the public pages."""
    return sitemap(request, sitemaps={"pages": PublicPages})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say what is not worth reading for a machine, and where the list of pages is."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in PRIVATE),
        f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
