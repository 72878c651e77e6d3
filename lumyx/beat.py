"""As many beats as one likes: each job is sent once each time, by the first of them."""

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler
from django.db import DatabaseError, connections

from gateway import jobs

log = logging.getLogger("lumyx")

BLIND_SECONDS = 30
"""How long PostgreSQL is not asked again after it did not answer: it costs seconds each time."""


class Scheduler(PersistentScheduler):
    """Celery's own, but that it asks PostgreSQL whether another beat was first."""

    _blind_until = 0.0

    def apply_async(self, entry: Any, *arguments: Any, **options: Any) -> Any:
        """Send a job, unless another beat has; each sends it while none can know."""
        if time.monotonic() < self._blind_until:
            return super().apply_async(entry, *arguments, **options)
        sent = None
        try:
            with jobs.claim(entry.task, entry.schedule) as mine:
                if mine:
                    sent = super().apply_async(entry, *arguments, **options)
            return sent
        except DatabaseError as error:
            log.warning("beat cannot tell whether it is alone: %s", type(error).__name__)
            self._blind_until = time.monotonic() + BLIND_SECONDS
            return sent or super().apply_async(entry, *arguments, **options)
        finally:
            connections.close_all()
