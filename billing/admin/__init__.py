"""Staff's view of the money, and what they may do about it."""

from billing.admin import accounts, adjustments, books, checks, codes, purchases, refunds, stripe
from billing.admin.read_only import ReadOnlyAdmin

__all__ = [
    "ReadOnlyAdmin",
    "accounts",
    "adjustments",
    "books",
    "checks",
    "codes",
    "purchases",
    "refunds",
    "stripe",
]
