"""Whether what is always true of the money was true."""

from django.contrib import admin

from billing.admin.read_only import ReadOnlyAdmin
from billing.models import LedgerCheck


@admin.register(LedgerCheck)
class LedgerCheckAdmin(ReadOnlyAdmin):
    """Nightly looks at the ledger's invariants; the log names the accounts of one that is false."""

    list_display = ("began_at", "ended_at", "holds", "false")

    @admin.display(description="holds", boolean=True)
    def holds(self, look: LedgerCheck) -> bool:
        """Return whether all were true."""
        return look.holds

    @admin.display(description="false")
    def false(self, look: LedgerCheck) -> str:
        """Return the sentences that were false."""
        return "; ".join(look.broken) or "–"
