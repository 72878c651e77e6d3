"""The pages of the gateway on the website."""

from django.urls import path

from gateway.pages import (
    comparison,
    dashboard,
    keys,
    models,
    playground,
    price_list,
    status,
    usage,
)

urlpatterns = [
    path("status", status.show_status, name="status"),
    path("status.json", status.as_json, name="status_json"),
    path("status/live", status.live, name="status_live"),
    path("status/feed", status.feed, name="status_feed"),
    path("status/history", status.history, name="status_history"),
    path("status/incidents/<int:pk>", status.incident, name="incident"),
    path("models", models.catalogue, name="models"),
    path("models/compare", comparison.compare, name="compare_models"),
    path("models/<path:name>", models.model, name="model"),
    path("pricing", price_list.pricing, name="pricing"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/live", dashboard.live, name="dashboard_live"),
    path("playground", playground.show, name="playground"),
    path("playground/calls/<str:name>", playground.charge, name="playground_charge"),
    path("usage", usage.usage, name="usage"),
    path("usage/more", usage.more_rows, name="more_calls"),
    path("usage/new", usage.new_rows, name="new_calls"),
    path("usage/totals", usage.totals, name="usage_totals"),
    path("usage/calls.csv", usage.download_csv, name="download_calls_csv"),
    path("usage/calls.json", usage.download_json, name="download_calls_json"),
    path("usage/<str:public_id>", usage.call, name="call"),
    path("keys", keys.list_keys, name="keys"),
    path("keys/new", keys.new_key, name="new_key"),
    path("keys/<uuid:key_id>", keys.edit_key, name="edit_key"),
    path("keys/<uuid:key_id>/rotate", keys.rotate_key, name="rotate_key"),
    path("keys/<uuid:key_id>/revoke", keys.revoke_key, name="revoke_key"),
]
