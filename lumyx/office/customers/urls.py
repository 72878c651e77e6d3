"""Addresses of the pages about customers."""

from django.urls import path

from lumyx.office.customers import crediting, for_person, freezing, pages, refunding, revoking

ONE = "customers/<uuid:user_id>"
urlpatterns = [
    path("customers", pages.find, name="customers"),
    path(ONE, pages.show, name="customer"),
    path(f"{ONE}/freeze", freezing.freeze, name="customer_freeze"),
    path(f"{ONE}/thaw", freezing.thaw, name="customer_thaw"),
    path(f"{ONE}/keys/revoke", revoking.revoke_all, name="customer_revoke_all"),
    path(f"{ONE}/keys/<uuid:key_id>/revoke", revoking.revoke, name="customer_revoke"),
    path(f"{ONE}/credits", crediting.credit, name="customer_credits"),
    path(f"{ONE}/orders/<uuid:order_id>/refund", refunding.refund, name="customer_refund"),
    path(f"{ONE}/export", for_person.export, name="customer_export"),
    path(f"{ONE}/delete", for_person.delete, name="customer_delete"),
    path(f"{ONE}/child", for_person.erase_child, name="customer_child"),
]
