"""The back office's own addresses, below the admin's and before them."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "office"
urlpatterns: list[URLPattern | URLResolver] = [
    path("operations/", include("lumyx.office.operations.urls")),
    path("finance/", include("lumyx.office.finance.urls")),
    path("privacy/", include("lumyx.office.privacy.urls")),
    path("", include("lumyx.office.customers.urls")),
    path("catalogue/", include("lumyx.office.catalogue.urls")),
]
