"""The catalogue's addresses in the back office."""

from django.urls import path

from lumyx.office.catalogue import connection

urlpatterns = [
    path("providers/<int:provider_id>/connection", connection.provider, name="provider_connection"),
]
