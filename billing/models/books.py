"""What the law has us keep of customers who were erased, and until when."""

from django.db import models

from billing.models.accounts import Account
from billing.models.orders import Order


class Books(models.Model):
    """The ledger and purchases of somebody who was erased, kept under a random number (UTC dates).

    Whose they were is nowhere. After `retain_until` the account goes with all its rows.
    """

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="books"
    )
    document_type = models.CharField(max_length=20, default="account book")
    jurisdiction = models.CharField(max_length=80)
    closed_on = models.DateField()
    retain_until = models.DateField(db_index=True)

    class Meta:
        verbose_name_plural = "books"

    def __str__(self) -> str:
        return f"books of account {self.account_id}"


class SealedReceipt(models.Model):
    """Who paid an order, encrypted: the one place where the law has us keep a name.

    It is opened for a tax authority or a court, with `manage.py open_receipt`, and by nothing else.
    """

    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, primary_key=True, related_name="sealed_receipt"
    )
    sealed = models.BinaryField(editable=False)
    document_type = models.CharField(max_length=20, default="receipt")
    jurisdiction = models.CharField(max_length=80)
    retain_until = models.DateField(db_index=True)

    def __str__(self) -> str:
        return f"sealed receipt of {self.order_id}"
