"""The page of every movement of one's money, and its download."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.pages import signed_in
from billing import accounts, history
from billing.forms import HistoryForm

LARGEST_ID = 2**63 - 1


@never_cache
@login_required
@require_safe
def show_history(request: HttpRequest) -> HttpResponse:
    """Show movements, newest first."""
    account = accounts.open_for(signed_in(request))
    form = HistoryForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = history.entries(account, **chosen)
    before = _number(request.GET.get("before", ""))
    rows = list((found.filter(id__lt=before) if before else found)[: history.PAGE + 1])
    more = len(rows) > history.PAGE
    rows = rows[: history.PAGE]
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    older = f"?{urlencode({**filters, 'before': rows[-1].id})}" if more else ""
    context = {
        "lines": history.lines(account, rows),
        "filters": list(form),
        "filtered": bool(filters),
        "older": older,
        "newer": f"?{urlencode(filters)}" if before else "",
        "download": urlencode(filters),
    }
    return render(request, "billing/history.html", context, status=200 if form.is_valid() else 400)


@never_cache
@login_required
@require_safe
def download_history(request: HttpRequest) -> HttpResponseBase:
    """Send the same movements as a file, all of them."""
    account = accounts.open_for(signed_in(request))
    form = HistoryForm(request.GET)
    if not form.is_valid():
        return show_history(request)
    found = history.entries(account, **form.cleaned_data)
    return StreamingHttpResponse(
        history.as_csv(account, found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="lumyx-history.csv"'},
    )


def _number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return min(number, LARGEST_ID)
