"""Staff's view of the money."""

from billing.admin import accounts, codes
from billing.admin.read_only import ReadOnlyAdmin

__all__ = ["ReadOnlyAdmin", "accounts", "codes"]
