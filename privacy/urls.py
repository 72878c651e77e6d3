"""The pages of privacy."""

from django.urls import path, register_converter

from privacy import pages, policies, welcome


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
    path("welcome", welcome.welcome, name="welcome"),
    path("<document:kind>", pages.policy, name="policy"),
]
