"""What Celery does for accounts."""

from celery import shared_task

from accounts import avatars, vip

copy_avatar = avatars.copy


@shared_task
def sync_vip() -> dict[str, int]:
    """Ask NabzClan who is a VIP now."""
    return vip.sync_all()
