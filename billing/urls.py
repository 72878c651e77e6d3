"""The pages of billing on the website, and the door that Stripe knocks at."""

from django.urls import path

from billing import webhooks
from billing.pages import automatic, codes, history, orders, overview

urlpatterns = [
    path("billing", overview.billing, name="billing"),
    path("billing/buy", overview.buy, name="buy"),
    path("billing/redeem", codes.redeem, name="redeem"),
    path("billing/portal", overview.portal, name="stripe_portal"),
    path("billing/orders/<uuid:order_id>", orders.order, name="order"),
    path("billing/orders/<uuid:order_id>/live", orders.order_live, name="order_live"),
    path("billing/receipts/<uuid:order_id>", orders.receipt, name="receipt"),
    path("billing/receipts/<uuid:order_id>/stripe", orders.stripes_receipt, name="stripes_receipt"),
    path("billing/history", history.show_history, name="history"),
    path("billing/history.csv", history.download_history, name="download_history"),
    path("billing/automatic", automatic.auto_top_up, name="auto_top_up"),
    path("billing/automatic/save", automatic.save_auto_top_up, name="save_auto_top_up"),
    path("billing/automatic/alert", automatic.save_alert, name="save_alert"),
    path("billing/automatic/card", automatic.save_card, name="save_card"),
    path("billing/webhooks/stripe/", webhooks.stripe_webhook, name="stripe_webhook"),
]
