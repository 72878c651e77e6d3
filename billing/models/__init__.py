"""What customers have, what they bought, and every movement of it.

Credits are micro-credits; money that Stripe moves is cents.
"""

from billing.models.accounts import MICRO, Account, Budget
from billing.models.adjustments import Adjustment, AdjustmentKind, AdjustmentState
from billing.models.automatic import AutoTopUp, LowBalanceAlert
from billing.models.books import Books, SealedReceipt
from billing.models.checks import LedgerCheck
from billing.models.codes import Code, Redemption
from billing.models.holds import Hold, HoldState, UncollectedUse
from billing.models.inbox import StripeEvent
from billing.models.ledger import LedgerEntry, LedgerKind
from billing.models.orders import (
    MICRO_PER_CENT,
    Order,
    OrderKind,
    OrderState,
    StripeCustomer,
    VipBonus,
)
from billing.models.reconciliation import Difference, Reconciliation, StripeMovement
from billing.models.refunds import Refund, RefundState

__all__ = [
    "MICRO",
    "MICRO_PER_CENT",
    "Account",
    "Adjustment",
    "AdjustmentKind",
    "AdjustmentState",
    "AutoTopUp",
    "Books",
    "Budget",
    "Code",
    "Difference",
    "Hold",
    "HoldState",
    "LedgerCheck",
    "LedgerEntry",
    "LedgerKind",
    "LowBalanceAlert",
    "Order",
    "OrderKind",
    "OrderState",
    "Reconciliation",
    "Redemption",
    "Refund",
    "RefundState",
    "SealedReceipt",
    "StripeCustomer",
    "StripeEvent",
    "StripeMovement",
    "UncollectedUse",
    "VipBonus",
]
