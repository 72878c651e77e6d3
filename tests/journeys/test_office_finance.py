"""Finance reads a month, follows a movement through the ledger, and looks at a difference."""

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, expect

from billing import reconciliation, refunds
from billing.models import Reconciliation, Refund
from billing.months import Month
from tests.customers import Customer, make_customer
from tests.journeys.browsers import aside
from tests.journeys.office import opened, picture
from tests.processes import Server
from tests.shop import StripeProcess, bought
from tests.staff import make_staff, staff_client


def shopped(stripe: StripeProcess) -> Customer:
    """Make a customer who bought, and a comparison in which that payment differs."""
    customer = make_customer()
    order = bought(stripe, customer.account, cents=5_000)
    reconciliation.fetch()
    run = Reconciliation.objects.create(ended_at=timezone.now(), payments=1_204, movements=1_311)
    run.differences.create(payment=str(order.payment_intent), at_stripe=4_500, in_ledger=5_000)
    run.differences.create(payment="pi_of_nobody", at_stripe=700, in_ledger=0)
    return customer


def test_finance_reads_the_books(browser: Browser, server: Server, stripe: StripeProcess) -> None:
    customer = aside(lambda: shopped(stripe))
    client = aside(lambda: staff_client(["finance"]))
    month = Month.of(timezone.now())
    with opened(browser, server, client) as page:
        page.goto(f"{server.url}/admin/finance/report/{month.key}")
        expect(page.get_by_text("It adds up")).to_be_visible()
        picture(page, "finance-report")
        page.get_by_role("link", name="To print").click()
        expect(page.get_by_role("heading", name=f"LumyxAI: report of {month}")).to_be_visible()
        picture(page, "finance-report-printed")
        page.goto(f"{server.url}/admin/finance/report/{month.key}")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download CSV").click()
        assert download.value.suggested_filename == f"lumyx-report-{month.key}.csv"

        page.goto(f"{server.url}/admin/finance/ledger")
        page.get_by_label("Account", exact=True).fill(customer.user.username)
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page.get_by_text("2 movements", exact=True)).to_be_visible()
        picture(page, "finance-ledger")
        page.goto(f"{server.url}/admin/finance/reconciliation")
        expect(page.get_by_text("2 differ", exact=True)).to_be_visible()
        picture(page, "finance-reconciliation")
        page.get_by_role("link", name="In the ledger").first.click()
        expect(page.get_by_role("heading", name="Movements, newest first")).to_be_visible()


def test_finance_decides_on_refunds_that_somebody_else_asked_for(
    browser: Browser, server: Server, stripe: StripeProcess
) -> None:
    def asked() -> list[str]:
        customer = make_customer()
        colleague = make_staff("finance")[0]
        limit = settings.APPROVAL_CREDITS * 100
        order = bought(stripe, customer.account, cents=2 * limit + 1_000)
        for cents, words in (
            (limit + 100, "Bought by mistake."),
            (limit + 200, "All of the rest."),
        ):
            refunds.request(order, cents=cents, reason=words, by=colleague)
        return [str(row.pk) for row in Refund.objects.filter(order=order).order_by("amount")]

    less, more = aside(asked)
    client = aside(lambda: staff_client(["finance"]))
    with opened(browser, server, client) as page:
        page.goto(f"{server.url}/admin/billing/refund/")
        page.locator(f'input[name="_selected_action"][value="{less}"]').check()
        page.get_by_label("Select action to run").select_option("approve")
        picture(page, "acts-chosen", anew=False)
        page.get_by_role("button", name="Run").click()
        picture(page, "act-asks", anew=False)
        expect(page.get_by_role("heading", name="Approve and pay back?")).to_be_visible()
        page.get_by_role("button", name="Approve and pay back").click()
        page.get_by_label("Why?").fill("Ticket 1204: paid twice.")
        page.get_by_role("button", name="Approve and pay back").click()
        expect(page.get_by_text("the money is on its way back")).to_be_visible()
        picture(page, "act-done", anew=False)
        page.goto(f"{server.url}/admin/billing/refund/{more}/change/")
        picture(page, "act-of-one-row")
    states = aside(lambda: {str(r.pk): r.state for r in Refund.objects.filter(pk__in=[less, more])})
    assert states == {less: "done", more: "waiting"}
