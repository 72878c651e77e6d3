"""Section 11: somebody can be reached."""

from datetime import datetime
from html import escape

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from privacy.conformance import site
from privacy.conformance.finding import Clause, Finding, broken, kept


def reachable(now: datetime) -> Finding:
    """Open the contact page and look for the address and the form."""
    address = settings.PRIVACY_CONTACT
    try:
        validate_email(address)
    except ValidationError:
        return broken("The contact address is no email address.", details="PRIVACY_CONTACT")
    answer = site.visit(reverse("contact"))
    page = site.text_of(answer)
    if answer.status_code != 200 or escape(address) not in page or 'name="words"' not in page:
        return broken(f"The contact page answered {answer.status_code} without a way to write.")
    return kept(f"The contact page is there, with a form and the address {address}.")


CLAUSES = [
    Clause(
        id="11-contact",
        section="11",
        sentences=(
            "If you have any questions or concerns about this Privacy Policy or our data practices,"
            " please contact us at [email\xa0protected]",
        ),
        check="The contact page is opened: it must answer, with the address and the form that"
        " opens a request.",
        probe=reachable,
    )
]
