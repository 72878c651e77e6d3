"""The monthly report: what was owed, what moved, what is owed; as a page, on paper and as CSV."""

import csv
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing import statement
from billing.amounts import in_credits, in_dollars
from billing.months import Month
from billing.statement import Statement
from lumyx.office import doors

MAY = ("billing.view_ledgerentry", "billing.view_reconciliation")
RECENT = 12
HEAD = ("group", "line", "movements", "credits", "micro-credits")


@doors.staff_page(*MAY)
def latest(request: HttpRequest) -> HttpResponse:
    """Show the last month that is over."""
    return _page(request, Month.of(timezone.now()).before)


@doors.staff_page(*MAY)
def month(request: HttpRequest, key: str) -> HttpResponse:
    """Show a month."""
    return _page(request, _asked(key))


def _page(request: HttpRequest, asked: Month) -> HttpResponse:
    context = {"statement": statement.of(asked), "months": list(_recent())}
    return doors.show(request, "office/finance/report.html", f"Report of {asked}", context)


@doors.staff_page(*MAY)
def printed(request: HttpRequest, key: str) -> HttpResponse:
    """Show a month as it is put on paper."""
    context = {"statement": statement.of(_asked(key)), "on_paper": True}
    return render(request, "office/finance/report_printed.html", context)


@doors.staff_page(*MAY)
def download(request: HttpRequest, key: str) -> HttpResponse:
    """Give a month as CSV (RFC 4180)."""
    found = statement.of(_asked(key))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="lumyx-report-{found.month.key}.csv"'
    csv.writer(answer).writerows([HEAD, *_rows(found)])
    return answer


def _asked(key: str) -> Month:
    try:
        asked = Month.parse(key)
    except ValueError:
        raise Http404 from None
    if asked.to_come:
        raise Http404
    return asked


def _recent() -> Iterator[Month]:
    now = Month.of(timezone.now())
    for _ in range(RECENT):
        yield now
        now = now.before


def _rows(found: Statement) -> Iterator[tuple[str | int, ...]]:
    over = "" if found.month.over else " (the month is not over)"
    yield _row("Opening", f"Owed before {found.month}", "", found.opening)
    for group in found.groups:
        for line in group.lines:
            yield _row(group.title, line.words, line.count, line.amount)
    yield _row("Closing", f"Owed after {found.month}{over}", "", found.closing)
    yield _row("Closing", "of it on accounts since erased", found.erased_accounts, found.erased)
    yield _row("Check", "opening + movements - closing", found.count, found.off)
    for moved in found.at_stripe:
        words = f"{moved.kind} ({in_dollars(moved.cents)} {moved.currency.upper()})"
        yield _row("At Stripe", words, moved.count, moved.cents * 10_000)


def _row(group: str, words: str, count: int | str, micro: int) -> tuple[str | int, ...]:
    return group, words, count, in_credits(micro), micro
