"""The data sets of billing: what each table says of a customer, column by column."""

from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet

from accounts.data_sets import (
    WHILE_ACTIVE,
    Classified,
    DataSet,
    NotPersonal,
    OnErasure,
    Purpose,
    Recipient,
)
from accounts.models import User
from billing.models import (
    Account,
    Adjustment,
    AutoTopUp,
    Hold,
    LedgerEntry,
    LowBalanceAlert,
    Order,
    Redemption,
    Refund,
    SealedReceipt,
    StripeCustomer,
    UncollectedUse,
)

BOOKS = (Purpose.ACCOUNT, Purpose.LAW)
YEARS = (
    f"while the account is active; then {settings.BILLING_YEARS} years after the year of its end,"
    f" as the law of {settings.BILLING_JURISDICTION} asks for"
)
LEDGER_STAYS = "Books must be kept: the law on accounting and taxes."


def _rows(model: type[Model], path: str = "account__user") -> Any:
    def of(user: User) -> QuerySet[Any]:
        return model._default_manager.filter(**{path: user.pk})

    return of


DATA: list[Classified] = [
    DataSet(
        name="balance",
        title="Your balance",
        about="What you have and what is held for calls under way, in micro-credits.",
        model=Account,
        of=_rows(Account, "user"),
        columns=("public_id", "balance", "held", "bonus", "frozen", "created_at"),
        plumbing=("id", "user"),
        purposes=BOOKS,
        recipients=(Recipient.STRIPE,),
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="ledger",
        title="Credit history",
        about="Every movement of your credits, in micro-credits.",
        model=LedgerEntry,
        of=_rows(LedgerEntry),
        columns=("kind", "amount", "balance_after", "reference", "created_at"),
        plumbing=("id", "account"),
        purposes=BOOKS,
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="orders",
        title="Purchases, paid or not",
        about="What you bought or began to buy, in cents, with Stripe's numbers of the payment.",
        model=Order,
        of=_rows(Order),
        columns=(
            *("id", "kind", "state", "amount", "currency", "bonus", "tax", "refunded"),
            *("disputed", "lost", "bonus_taken", "failure", "checkout_session"),
            *("payment_intent", "invoice", "receipt", "created_at", "paid_at"),
            "receipt_mailed_at",
        ),
        plumbing=("account", "livemode", "version", "checks", "next_check_at"),
        purposes=BOOKS,
        recipients=(Recipient.STRIPE,),
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="refunds",
        title="Refunds",
        about="What was paid back to you, in cents, and why.",
        model=Refund,
        of=_rows(Refund, "order__account__user"),
        columns=(
            *("id", "order", "amount", "reason", "state", "problem", "stripe_id"),
            *("created_at", "decided_at"),
        ),
        staff=("requested_by", "decided_by"),
        purposes=BOOKS,
        recipients=(Recipient.STRIPE,),
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="adjustments",
        title="Grants and corrections",
        about="What staff gave or took, in micro-credits, and why.",
        model=Adjustment,
        of=_rows(Adjustment),
        columns=(
            *("id", "kind", "amount", "bonus", "reason", "state"),
            *("requested_at", "decided_at"),
        ),
        staff=("requested_by", "decided_by"),
        plumbing=("account",),
        purposes=BOOKS,
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="redemptions",
        title="Codes redeemed",
        about="The codes you turned into credits, in micro-credits.",
        model=Redemption,
        of=_rows(Redemption),
        columns=("nth", "amount", "created_at"),
        plumbing=("id", "code", "account"),
        purposes=BOOKS,
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="holds",
        title="Credits held for calls",
        about="What each call set aside until it was charged, in micro-credits.",
        model=Hold,
        of=_rows(Hold),
        columns=("id", "request_id", "amount", "cost", "state", "expires_at", "budget"),
        secrets=("fingerprint",),
        plumbing=("account",),
        purposes=(Purpose.ACCOUNT, Purpose.LIMITS),
        days=30,
        kept="29 days; for use that was not charged, as long as that",
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="uncollected",
        title="Use that was not charged",
        about="What calls cost beyond what was held for them, in micro-credits.",
        model=UncollectedUse,
        of=_rows(UncollectedUse),
        columns=("hold", "cost", "created_at"),
        plumbing=("id", "account"),
        purposes=(Purpose.ACCOUNT,),
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    DataSet(
        name="automatic-top-up",
        title="Automatic top-up",
        about="When and for how much you have credits bought for you.",
        model=AutoTopUp,
        of=_rows(AutoTopUp),
        columns=(
            *("enabled", "threshold", "amount", "monthly_ceiling", "why_off"),
            *("told_at", "changed_at"),
        ),
        plumbing=("account",),
        purposes=(Purpose.ACCOUNT,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="low-balance-mail",
        title="Low-balance mail",
        about="Below which balance you want a mail, in micro-credits.",
        model=LowBalanceAlert,
        of=_rows(LowBalanceAlert),
        columns=("threshold", "told_at"),
        plumbing=("account",),
        purposes=(Purpose.MESSAGES,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="stripe-customer",
        title="Your number at Stripe",
        about="Who you are to Stripe, and the saved card's number there; never a card itself.",
        model=StripeCustomer,
        of=_rows(StripeCustomer),
        columns=("id", "payment_method", "created_at"),
        plumbing=("account",),
        purposes=BOOKS,
        recipients=(Recipient.STRIPE,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="sealed-receipts",
        title="Sealed receipts",
        about="After a deletion: who paid, encrypted, opened for a tax authority or a court alone.",
        model=SealedReceipt,
        of=_rows(SealedReceipt, "order__account__user"),
        columns=("order", "document_type", "jurisdiction", "retain_until"),
        secrets=("sealed",),
        purposes=(Purpose.LAW,),
        kept=YEARS,
        on_erasure=OnErasure.PSEUDONYM,
        kept_because=LEDGER_STAYS,
    ),
    NotPersonal(
        label="billing.Books",
        why="Until when the books of somebody who was erased are kept; whose they were is nowhere.",
        columns=("account", "document_type", "jurisdiction", "closed_on", "retain_until"),
    ),
    NotPersonal(
        label="billing.Code",
        why="A code is worth the same in everybody's hand.",
        columns=(
            *("id", "digest", "pepper_version", "hint", "value", "expires_at", "most"),
            *("most_each", "bonus", "note", "batch", "batch_place", "created_at", "disabled_at"),
            *("waits", "approved_at"),
        ),
        staff=("created_by", "approved_by"),
    ),
    NotPersonal(
        label="billing.VipBonus",
        why="What each VIP level is given.",
        columns=("level", "percent"),
    ),
    NotPersonal(
        label="billing.StripeEvent",
        why="Numbers and kinds of Stripe's events, without what they say; 29 days.",
        columns=(
            *("id", "type", "created_at", "received_at", "handled_at", "tries", "next_try_at"),
            "problem",
        ),
    ),
    NotPersonal(
        label="billing.StripeMovement",
        why="Books: numbers of Stripe's payments, which an order leads to while it has a person.",
        columns=("id", "kind", "amount", "currency", "source", "payment_intent", "created_at"),
    ),
    NotPersonal(
        label="billing.Reconciliation",
        why="When books were compared.",
        columns=("id", "began_at", "ended_at", "movements", "payments"),
    ),
    NotPersonal(
        label="billing.LedgerCheck",
        why="When the ledger was looked at, and which sentences about it were false.",
        columns=("id", "began_at", "ended_at", "broken"),
    ),
    NotPersonal(
        label="billing.Difference",
        why="Books: the number of a payment that Stripe and the ledger disagree on.",
        columns=("id", "reconciliation", "payment", "at_stripe", "in_ledger"),
    ),
]
