"""Staff's view of the money, which can be read here and moved only by the ledger."""

from django.contrib import admin

from accounts import customer_links
from billing.admin.read_only import ReadOnlyAdmin
from billing.amounts import in_credits
from billing.models import Account, Budget, Hold, LedgerEntry, UncollectedUse


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Balances in credits; what else a page of one says is in micro-credits, 1,000,000 to one."""

    list_display = (
        *("public_id", "user", "credits", "credits_held", "credits_free", "stopped"),
        *("created_at", "customer"),
    )
    search_fields = ("public_id", "user__username")
    linked_lookups = ("balance__gt",)
    list_select_related = ("user",)
    ordering = ("-id",)

    @admin.display(description="balance, credits", ordering="balance")
    def credits(self, account: Account) -> str:
        """Return the balance."""
        return in_credits(account.balance)

    @admin.display(description="held, credits", ordering="held")
    def credits_held(self, account: Account) -> str:
        """Return what calls under way hold."""
        return in_credits(account.held)

    @admin.display(description="available, credits")
    def credits_free(self, account: Account) -> str:
        """Return what new calls may hold."""
        return in_credits(account.available)

    @admin.display(description="state", ordering="frozen")
    def stopped(self, account: Account) -> str:
        """Return whether its keys are refused for a dispute or a debt."""
        return "Frozen: a dispute or a debt" if account.frozen else "As usual"

    @admin.display(description="page")
    def customer(self, account: Account) -> str:
        """Return a link to the page about its owner."""
        return customer_links.open_customer(account.user_id)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """What each API key has spent; the day and the month are those of the last call."""

    list_display = ("id", "held", "day", "day_spent", "month", "month_spent", "total")
    search_fields = ("id",)
    show_full_result_count = False


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """What is and was set aside for calls."""

    list_display = ("id", "account", "budget_id", "amount", "cost", "state", "expires_at")
    list_filter = ("state",)
    search_fields = ("id",)
    list_select_related = ("account",)
    show_full_result_count = False


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Every movement of money, newest first."""

    list_display = ("id", "account", "kind", "amount", "balance_after", "reference", "created_at")
    list_filter = ("kind",)
    search_fields = ("reference",)
    list_select_related = ("account",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(UncollectedUse)
class UncollectedUseAdmin(ReadOnlyAdmin):
    """Use that could not be charged."""

    list_display = ("hold", "account", "cost", "created_at")
    list_select_related = ("hold", "account")
