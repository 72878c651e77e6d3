"""Staff read purchases, and what customers chose, in dollars and credits."""

from billing.models import AutoTopUp, LowBalanceAlert
from billing.stripe_api import api
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import staff_client


def test_purchases_are_listed_in_dollars(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 735})
    settle_events()
    query = f"?q={order.payment_intent}"
    page = staff_client(["finance"]).get(f"/admin/billing/order/{query}").content.decode()
    for words in (order.receipt_number, "$20.00", "$7.35", "$0.00"):
        assert words in page


def test_plans_and_alerts_are_listed_in_dollars_and_credits(customer: Customer) -> None:
    AutoTopUp.objects.create(
        account=customer.account, threshold=4_250_000, amount=1_999, monthly_ceiling=123_456
    )
    LowBalanceAlert.objects.create(account=customer.account, threshold=1_750_000)
    staff = staff_client(superuser=True)
    page = staff.get("/admin/billing/autotopup/").content.decode()
    for words in ("4.25", "$19.99", "$1,234.56"):
        assert words in page
    assert "1.75" in staff.get("/admin/billing/lowbalancealert/").content.decode()
