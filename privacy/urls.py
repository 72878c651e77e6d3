"""The pages of privacy."""

from django.urls import path, register_converter

from privacy import (
    centre,
    contact,
    cookies,
    disclosures,
    keeping,
    leaving,
    pages,
    policies,
    restricting,
    welcome,
)
from privacy.conformance import pages as conformance


class KindConverter:
    """The kinds of documents."""

    regex = "|".join(policies.TITLES)

    def to_python(self, value: str) -> str:
        """Return the kind."""
        return value

    def to_url(self, value: str) -> str:
        """Return the kind."""
        return value


register_converter(KindConverter, "document")

urlpatterns = [
    path("contact", contact.contact, name="contact"),
    path("cookies", cookies.show_cookies, name="cookies"),
    path("privacy/what-we-hold", disclosures.what_we_hold, name="what_we_hold"),
    path("privacy/recipients", disclosures.show_recipients, name="recipients"),
    path("privacy/conformance", conformance.conformance, name="conformance"),
    path("privacy/conformance.json", conformance.as_json, name="conformance_json"),
    path("privacy/how-we-keep-it", keeping.how_we_keep_it, name="how_we_keep_it"),
    path("privacy/centre", centre.show, name="privacy_centre"),
    path("privacy/restrictions", restricting.change, name="restrict"),
    path("privacy/exports", centre.ask_export, name="ask_export"),
    path("privacy/exports/live", centre.exports_live, name="exports_live"),
    path("privacy/exports/<uuid:export>", centre.download_export, name="download_export"),
    path("privacy/delete", leaving.delete, name="delete_account"),
    path("privacy/closing", leaving.closing, name="closing"),
    path("privacy/receipts", leaving.check_receipt, name="check_receipt"),
    path("welcome", welcome.welcome, name="welcome"),
    path("<document:kind>", pages.policy, name="policy"),
    path("<document:kind>/versions", pages.history, name="policy_versions"),
    path("<document:kind>/versions/<version>", pages.version, name="policy_version"),
    path("<document:kind>/versions/<version>/changes", pages.difference, name="policy_changes"),
]
