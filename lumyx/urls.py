"""The website's paths; the API's are in `gateway.api_urls` and never pass through here."""

from django.contrib import admin
from django.urls import path

from lumyx import pages

urlpatterns = [
    path("", pages.landing, name="landing"),
    path("docs/charges", pages.charges, name="charges"),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
    path("admin/", admin.site.urls),
]
