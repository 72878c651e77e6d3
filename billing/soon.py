"""Have work done in the background at once; it stands in rows, so a lost message loses nothing."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger("lumyx.billing")

HANDLE_EVENT = "billing.tasks.handle_event"
SEND_MAILS = "billing.tasks.send_mails"
RECONCILE = "billing.tasks.reconcile"
TOP_UP = "billing.tasks.top_up"


def soon(task: str, *arguments: str | int) -> None:
    """Send a task; where that fails, beat's next round finds the work."""
    try:
        current_app.send_task(task, args=arguments, retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("%s waits for the next round: %s", task, type(error).__name__)
