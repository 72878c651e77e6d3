"""Accounts, budgets, holds, codes and the append-only ledger; all amounts are micro-credits."""

from billing.models.accounts import MICRO, Account, Budget
from billing.models.adjustments import Adjustment, AdjustmentKind, AdjustmentState
from billing.models.codes import Code, Redemption
from billing.models.holds import Hold, HoldState, UncollectedUse
from billing.models.ledger import LedgerEntry, LedgerKind

__all__ = [
    "MICRO",
    "Account",
    "Adjustment",
    "AdjustmentKind",
    "AdjustmentState",
    "Budget",
    "Code",
    "Hold",
    "HoldState",
    "LedgerEntry",
    "LedgerKind",
    "Redemption",
    "UncollectedUse",
]
