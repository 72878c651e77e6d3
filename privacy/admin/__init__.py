"""Staff's view of privacy."""

from privacy.admin import conformance, erasures, requests, rows, staff_access

__all__ = ["conformance", "erasures", "requests", "rows", "staff_access"]
