"""Security is reviewed at least every 92 days; this keeps the clock and raises the alarm."""

import logging
import re
from datetime import date, datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from privacy.models import SecurityReview

log = logging.getLogger("lumyx.privacy")

EVERY = timedelta(days=92)
WARNING = timedelta(days=14)
"""So long before the next review is overdue it is asked for."""
DAY_SECONDS = 24 * 60 * 60
HELD_ON = re.compile(r"^Held on (\d{4}-\d\d-\d\d)\.", re.MULTILINE)
PART = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)


def enter(
    *,
    held_on: date,
    scope: str,
    findings: str,
    actions: str,
    by: User | None,
    now: datetime | None = None,
) -> SecurityReview:
    """Put a review into the register; raises Django's ValidationError."""
    moment = now or timezone.now()
    review = SecurityReview(
        held_on=held_on,
        scope=scope,
        findings=findings,
        actions=actions,
        by=by,
        created_at=moment,
    )
    review.full_clean()
    check_day(held_on, now=moment)
    review.save()
    return review


def enter_page(page: str, *, by: User) -> SecurityReview | None:
    """Put a review that was written as a page into the register, once; return None the next time.

    The page says `Held on 2026-11-25.` and has the parts `## Scope`, `## Findings` and
    `## Actions`; raises ValueError where one is missing, and Django's ValidationError.
    """
    held_on = HELD_ON.search(page)
    parts = {title.strip().lower(): text.strip() for title, text in PART.findall(page)}
    missing = [name for name in ("scope", "findings", "actions") if not parts.get(name)]
    if held_on is None or missing:
        raise ValueError(f"The page does not say: {', '.join(missing) or 'Held on'}.")
    day = date.fromisoformat(held_on[1])
    said = {name: parts[name] for name in ("scope", "findings", "actions")}
    if SecurityReview.objects.filter(held_on=day, **said).exists():
        return None
    return enter(held_on=day, **said, by=by)


def check_day(held_on: date, *, now: datetime | None = None) -> None:
    """Raise ValidationError for a day that is still to come: it would stop the clock."""
    if held_on > (now or timezone.now()).date():
        raise ValidationError({"held_on": "This day is still to come."})


def latest() -> SecurityReview | None:
    """Return the latest review, if there was one."""
    return SecurityReview.objects.order_by("-held_on", "-id").first()


def overdue_on() -> date | None:
    """Return the first day (UTC) on which the next review is overdue; None where none was held."""
    last = latest()
    return last.held_on + EVERY if last else None


def overdue(now: datetime | None = None) -> bool:
    """Return whether the latest review is 92 days old or older, or there was none."""
    day = overdue_on()
    return day is None or (now or timezone.now()).date() >= day


def alarm(*, now: datetime | None = None) -> bool:
    """Ask for the next review: once when it is near, and once a day while it is overdue.

    Return whether it was asked for now.
    """
    moment = now or timezone.now()
    day = overdue_on()
    if overdue(moment):
        if not _claim_day(moment.date()):
            return False
        log.error("alarm: the security review has been overdue since %s", day or "the beginning")
        _mail("The security review is overdue", day)
        return True
    if day is None or moment.date() < day - WARNING or not _claim_warning(moment):
        return False
    log.warning("alarm: the next security review is due before %s", day)
    _mail("The next security review is due", day)
    return True


def _claim_day(today: date) -> bool:
    """Take today's alarm, unless it was raised; before the first review the cache remembers."""
    last = latest()
    if last is None:
        return cache.add(f"security-review-asked-for-{today}", 1, timeout=DAY_SECONDS)
    mine = SecurityReview.objects.filter(pk=last.pk)
    return bool(mine.filter(Q(alarmed_on=None) | Q(alarmed_on__lt=today)).update(alarmed_on=today))


def _claim_warning(moment: datetime) -> bool:
    last = latest()
    if last is None:
        return False
    mine = SecurityReview.objects.filter(pk=last.pk, warned_at=None)
    return bool(mine.update(warned_at=moment))


def _mail(subject: str, day: date | None) -> None:
    until = f"The next one has to be held before {day:%d %B %Y}." if day else "None was held yet."
    page = f"{settings.PUBLIC_URL}{reverse('admin:privacy_securityreview_add')}"
    text = (
        f"Our privacy policy promises regular reviews of security: every {EVERY.days} days."
        f" {until}\n\nEnter it here once it was held: {page}\n"
    )
    try:
        send_mail(subject, text, None, [settings.PRIVACY_CONTACT])
    except (SMTPException, OSError) as error:
        log.warning("an alarm could not be mailed: %s", type(error).__name__)
