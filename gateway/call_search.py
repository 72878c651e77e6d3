"""Whose a call was, by the id that customers know it by."""

from uuid import UUID

from billing.models import Account
from gateway import ids
from gateway.models import RequestLog
from gateway.usage import SLACK


def find(public_id: str) -> tuple[RequestLog, Account | None] | None:
    """Return a call of the log and its account, or None; the id's time says which day to read."""
    request_id = ids.from_public(public_id)
    if request_id is None:
        return None
    moment = ids.time_of(request_id)
    call = RequestLog.objects.filter(
        pk=UUID(request_id), started_at__range=(moment - SLACK, moment + SLACK)
    ).first()
    if call is None:
        return None
    return call, Account.objects.select_related("user").filter(pk=call.account_id).first()
