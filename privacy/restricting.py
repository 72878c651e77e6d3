"""The privacy centre's part in which people restrict a purpose, or object to it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import mail, restrictions
from accounts.data_sets import Purpose
from accounts.limited import limited
from accounts.models import Restriction, RestrictionKind, User
from accounts.pages import signed_in
from accounts.restrictions import Effect

LIFT = "lift"


@dataclass(frozen=True)
class Row:
    """A purpose that can be switched off, and whether somebody has."""

    purpose: Purpose
    effect: Effect
    off: Restriction | None
    stopped_mail: list[str]
    needed_mail: list[str]


def context(user: User) -> dict[str, Any]:
    """Return what the page shows of somebody's restrictions."""
    off = restrictions.of(user)
    return {
        "purposes": [_row(purpose, off.get(purpose)) for purpose in restrictions.OPTIONAL],
        "always": restrictions.ALWAYS,
    }


def _row(purpose: Purpose, off: Restriction | None) -> Row:
    of_mail = list(mail.About) if purpose is Purpose.MESSAGES else []
    return Row(
        purpose=purpose,
        effect=restrictions.OPTIONAL[purpose],
        off=off,
        stopped_mail=[about.words for about in of_mail if not about.needed],
        needed_mail=[about.words for about in of_mail if about.needed],
    )


@never_cache
@login_required
@require_POST
@limited("60/h")
def change(request: HttpRequest) -> HttpResponse:
    """Switch a purpose off or on."""
    user, act = signed_in(request), request.POST.get("act", "")
    try:
        purpose = Purpose[request.POST.get("purpose", "")]
        title = restrictions.OPTIONAL[purpose].title
        if act == LIFT:
            restrictions.lift(user, purpose)
            messages.success(request, f"{title}: switched on again.")
        else:
            restrictions.restrict(user, purpose, kind=RestrictionKind(act))
            messages.success(request, f"{title}: switched off, from now on.")
    except (KeyError, ValueError):
        raise Http404 from None
    return redirect(f"{reverse('privacy_centre')}#restrict")
