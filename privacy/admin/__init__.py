"""Staff's view of privacy."""

from privacy.admin import (
    conformance,
    disclosures,
    erasures,
    policies,
    requests,
    reviews,
    rows,
    staff_access,
)

__all__ = [
    "conformance",
    "disclosures",
    "erasures",
    "policies",
    "requests",
    "reviews",
    "rows",
    "staff_access",
]
