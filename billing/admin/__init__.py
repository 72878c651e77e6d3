"""Staff's view of the money."""

from billing.admin import accounts, adjustments, codes
from billing.admin.read_only import ReadOnlyAdmin

__all__ = ["ReadOnlyAdmin", "accounts", "adjustments", "codes"]
