"""The catalogue's addresses in the back office."""

from django.urls import path

from lumyx.office.catalogue import connection, price_change

urlpatterns = [
    path("price-change", price_change.price_change, name="price_change"),
    path("providers/<int:provider_id>/connection", connection.provider, name="provider_connection"),
]
