"""Close accounts that nobody has used for long, after two notices; any use ends that.

Use is a visit, a call with a key, or a purchase. Days are UTC.
"""

import logging
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest, TruncDate
from django.utils import timezone

from accounts import mail
from accounts.models import State, User
from billing.models import Account, Order
from gateway.models import ApiKey
from privacy.models import InactivityNotice

log = logging.getLogger("lumyx.privacy")

AHEAD = {1: timedelta(days=60), 2: timedelta(days=14)}
"""How long before the closing each notice is sent."""
CLOSING = 3
"""What follows the notices."""

Close = Callable[[User], object]


@dataclass(frozen=True)
class Tended:
    """What was done: people who came back, notices sent, accounts closed."""

    returned: int
    told: int
    closed: int


@dataclass(frozen=True)
class Use:
    """When somebody last used their account, and on which days they were told of its closing."""

    user: User
    last: date
    told: dict[int, date]

    @property
    def over(self) -> date:
        """The first day on which the months without use are over."""
        months = self.last.year * 12 + self.last.month - 1 + settings.INACTIVE_MONTHS
        year, month = months // 12, months % 12 + 1
        same = date(year, month, min(self.last.day, monthrange(year, month)[1]))
        return same + timedelta(days=1)

    @property
    def returned(self) -> bool:
        """Whether they have used it since they were told."""
        return any(self.last >= day for day in self.told.values())

    def due(self, today: date) -> int | None:
        """Return which notice is due, or the closing, or nothing."""
        for nth in AHEAD:
            if nth not in self.told:
                return nth if today >= self.closes(self.told) - self._ahead(nth) else None
        return CLOSING if today >= self.closes(self.told) else None

    def closes(self, told: dict[int, date]) -> date:
        """Return the day of the closing: a notice that was late has its full time all the same."""
        return max([self.over, *(day + self._ahead(nth) for nth, day in told.items())])

    def _ahead(self, nth: int) -> timedelta:
        # Where the months are few, nobody is told in the first half of them.
        return min(AHEAD[nth], timedelta(days=(self.over - self.last).days // 2))


def uses(people: QuerySet[User]) -> QuerySet[Any]:
    """Return people with the day of their last use as `last_used`."""
    keys = ApiKey.objects.filter(user=OuterRef("pk")).order_by().values("user")
    orders = Order.objects.filter(account__user=OuterRef("pk")).order_by().values("account__user")
    return people.annotate(
        last_used=Greatest(
            TruncDate("created_at"),
            "last_visit__day",
            TruncDate(Subquery(keys.annotate(at=Max("last_used_at")).values("at"))),
            TruncDate(Subquery(orders.annotate(at=Max("paid_at")).values("at"))),
            output_field=DateField(),
        )
    )


def read(people: QuerySet[User]) -> list[Use]:
    """Return when people last used their accounts, the longest ago first."""
    rows = uses(people).prefetch_related("inactivity_notices").order_by("last_used")
    return [
        Use(
            user=user,
            last=user.last_used,
            told={row.nth: row.sent_at.date() for row in user.inactivity_notices.all()},
        )
        for user in rows
    ]


def tend(*, close: Close | None = None, now: datetime | None = None) -> Tended:
    """Do what is due today for everybody; `close` begins to erase somebody.

    Where there is no `close`, people are told and nobody is closed.
    """
    moment = now or timezone.now()
    returned = forget_returned()
    told = closed = 0
    for use in quiet(moment.date()):
        nth = use.due(moment.date())
        if nth in AHEAD:
            told += _tell(use, nth, now=moment)
        elif nth == CLOSING and close is not None:
            closed += _close(use.user, close, today=moment.date())
    return Tended(returned, told, closed)


def forget_returned() -> int:
    """Forget the notices of people who have come back since; return how many people did."""
    told = User.objects.filter(pk__in=InactivityNotice.objects.values("user"))
    back = [use.user.pk for use in read(told) if use.returned]
    InactivityNotice.objects.filter(user__in=back).delete()
    return len(back)


def quiet(today: date) -> list[Use]:
    """Return whom something may be due for: not staff, nor who is leaving anyway."""
    # The earliest day of a notice, with some days to spare for months of different length.
    soon = today + AHEAD[1] + timedelta(days=4)
    months = soon.year * 12 + soon.month - 1 - settings.INACTIVE_MONTHS
    last = date(months // 12, months % 12 + 1, 1) + timedelta(days=soon.day)
    people = User.objects.filter(is_staff=False).exclude(state=State.CLOSING)
    return read(people.filter(pk__in=uses(people).filter(last_used__lte=last).values("pk")))


def _tell(use: Use, nth: int, *, now: datetime) -> bool:
    day = use.closes(use.told | {nth: now.date()})
    account = Account.objects.filter(user=use.user).first()
    context = {
        "last": use.last,
        "day": day,
        "months": settings.INACTIVE_MONTHS,
        "bought": max(account.balance - account.bonus, 0) if account else 0,
        "site": mail.address("sign_in"),
        "contact": mail.address("contact"),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # The row is there once the mail is out, whatever breaks off; a second worker waits for it.
        cursor.execute("set local idle_in_transaction_session_timeout = '60s'")
        _, new = InactivityNotice.objects.get_or_create(
            user=use.user, nth=nth, defaults={"sent_at": now}
        )
        sent = new and mail.send(
            use.user,
            mail.About.RIGHTS,
            subject=f"Your LumyxAI account will be closed on {day:%d %B %Y}",
            template="privacy/mail/inactivity.txt",
            context=context,
        )
        if not sent:
            transaction.set_rollback(True)
    return sent


def _close(user: User, close: Close, *, today: date) -> bool:
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        [use] = read(User.objects.filter(pk=row.pk))
        # They may have come back, or begun to leave, a moment ago.
        if row.state == State.CLOSING or use.returned or use.due(today) != CLOSING:
            return False
        close(row)
    log.info("account %s was not used for %d months", row.pk, settings.INACTIVE_MONTHS)
    return True
