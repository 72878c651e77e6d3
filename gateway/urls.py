"""The pages of the gateway on the website."""

from django.urls import path

from gateway.pages import dashboard, keys, playground

urlpatterns = [
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/live", dashboard.live, name="dashboard_live"),
    path("playground", playground.show, name="playground"),
    path("playground/calls/<str:name>", playground.charge, name="playground_charge"),
    path("keys", keys.list_keys, name="keys"),
    path("keys/new", keys.new_key, name="new_key"),
    path("keys/<uuid:key_id>", keys.edit_key, name="edit_key"),
    path("keys/<uuid:key_id>/rotate", keys.rotate_key, name="rotate_key"),
    path("keys/<uuid:key_id>/revoke", keys.revoke_key, name="revoke_key"),
]
