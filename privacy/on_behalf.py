"""What the privacy officer begins for people who asked elsewhere: kept as a request with evidence.

The person sees the request, its steps and its end in the privacy centre, as if they had begun it.
"""

from django.db import transaction

from accounts.models import User
from privacy import data_requests, erasure, exports
from privacy.models import (
    DataRequest,
    Erasure,
    ErasureWhy,
    Export,
    ExportState,
    RequestKind,
    RequestState,
)

COPYING = "A copy of everything held is being made; it is fetched in the privacy centre."
DELETING = "The deletion was begun, as it was asked for."


class UnderWay(Exception):
    """What is to be begun was begun before, and has not ended."""


@transaction.atomic
def export(user: User, *, by: User, words: str, evidence: str) -> DataRequest:
    """Have a copy made for somebody who asked for it in other words than a click.

    The request stays open, owned by who began it, until they end it with evidence. Raises UnderWay,
    and `exports.TooMany`.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    request = _request(locked, RequestKind.EXPORT, by=by, words=words)
    since = Export.objects.filter(user=locked, asked_at__gte=request.opened_at)
    if exports.under_way(locked) or since.exclude(state=ExportState.FAILED).exists():
        raise UnderWay
    data_requests.add_step(request, by=by, words=COPYING, evidence=evidence)
    exports.hand_over(exports.ask(locked))
    return request


def delete(user: User, *, by: User, words: str, evidence: str) -> Erasure:
    """Begin the deletion that somebody asked for, with its grace; the deletion ends the request.

    Raises UnderWay, and `erasure.IsStaff`.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.is_staff:
            raise erasure.IsStaff
        if erasure.under_way(locked):
            raise UnderWay
        request = _request(locked, RequestKind.DELETION, by=by, words=words)
        data_requests.add_step(request, by=by, words=DELETING, evidence=evidence)
    begun = erasure.ask(locked, request=request)
    erasure.hand_over(begun)
    return begun


def erase_child(
    child: User, report: DataRequest, *, by: User, words: str, evidence: str
) -> Erasure:
    """Erase a child whom an open report is about, without grace; raises `data_requests.Closed`."""
    data_requests.add_step(report, by=by, words=words, evidence=evidence)
    begun = erasure.ask(child, why=ErasureWhy.CHILD, request=report)
    erasure.hand_over(begun)
    return begun


def _request(user: User, kind: RequestKind, *, by: User, words: str) -> DataRequest:
    """Return the person's open request of a kind, or a new one, looked after by who begins it."""
    known = DataRequest.objects.filter(user=user, kind=kind, state=RequestState.OPEN)
    request = known.order_by("opened_at").first()
    if request is None:
        request = data_requests.open_request(kind, words, user=user)
    else:
        data_requests.add_step(request, by=by, words=words)
    data_requests.take(request, by, by=by)
    return request
