"""Accounts, budgets, holds and the append-only ledger; all amounts are micro-credits."""

from billing.models.accounts import MICRO, Account, Budget
from billing.models.holds import Hold, HoldState, UncollectedUse
from billing.models.ledger import LedgerEntry, LedgerKind

__all__ = [
    "MICRO",
    "Account",
    "Budget",
    "Hold",
    "HoldState",
    "LedgerEntry",
    "LedgerKind",
    "UncollectedUse",
]
