"""What Celery does for the gateway."""

from celery import shared_task

from gateway import daily_use, hourly_use, partitions, probes, uptime


@shared_task
def make_partitions() -> None:
    """Make the day partitions of the request log ahead of time."""
    partitions.make()


@shared_task
def probe_providers() -> int:
    """Ask each provider whether it is there."""
    return probes.probe_all()


@shared_task
def add_up_days() -> int:
    """Add up what everybody used on the days that are over."""
    return daily_use.add_up_missing()


@shared_task
def add_up_hours() -> int:
    """Add up what everybody used in the last hours."""
    return hourly_use.add_up_latest()


@shared_task
def measure_uptime() -> int:
    """Ask our own public door, and keep what was found."""
    return uptime.check()
