"""What is kept of customers who were erased: until when, and never whose it was."""

from django.contrib import admin

from billing.admin.read_only import ReadOnlyAdmin
from billing.models import Books, SealedReceipt


@admin.register(Books)
class BooksAdmin(ReadOnlyAdmin):
    """Accounts without a person, and until when they are kept."""

    list_display = ("account", "document_type", "jurisdiction", "closed_on", "retain_until")
    list_select_related = ("account",)


@admin.register(SealedReceipt)
class SealedReceiptAdmin(ReadOnlyAdmin):
    """Receipts whose payer is sealed."""

    list_display = ("order", "document_type", "jurisdiction", "retain_until")
    list_select_related = ("order",)
