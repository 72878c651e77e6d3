"""The website's paths; the API's are in `gateway.api_urls` and never pass through here."""

from django.contrib import admin
from django.urls import include, path

from lumyx import pages, sitemap
from lumyx.metrics.page import metrics
from privacy import disclosures, reasons

handler400 = "lumyx.errors.bad_request"
handler403 = "lumyx.errors.forbidden"
handler404 = "lumyx.errors.not_found"
handler500 = "lumyx.errors.failed"

urlpatterns = [
    path("", pages.landing, name="landing"),
    path("robots.txt", sitemap.robots, name="robots"),
    path("sitemap.xml", sitemap.pages, name="sitemap"),
    path("metrics", metrics, name="metrics"),
    path("staff/style", pages.style, name="style"),
    path("admin/record-of-processing", disclosures.show_record, name="record_of_processing"),
    path("admin/reason", reasons.staff_reason, name="staff_reason"),
    path("admin/", include("lumyx.office.urls")),
    path("admin/", admin.site.urls),
    path("", include("lumyx.docs.urls")),
    path("", include("accounts.urls")),
    path("", include("billing.urls")),
    path("", include("gateway.urls")),
    path("", include("privacy.urls")),
]
