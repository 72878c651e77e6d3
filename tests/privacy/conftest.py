"""What tests of privacy share."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Session, User
from gateway.models import Provider
from privacy import acceptances, policies
from privacy.models import DataRequest, Export


@pytest.fixture
def world(database: None, exports_directory: Path) -> Iterator[None]:
    """A database in which every promise holds, whatever other tests have left; then undone."""
    with transaction.atomic():
        Provider.objects.update(
            terms_reviewed_on=timezone.now().date(), retention_days=0, trains_on_content=False
        )
        for user in User.objects.filter(nabzclan_id__isnull=False):
            user.acceptances.all().delete()
            acceptances.affirm_age(user)
            acceptances.record(user, policies.all_current())
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
        DataRequest.objects.update(due_at=timezone.now() + timedelta(days=1), words="")
        Export.objects.all().delete()
        yield
        transaction.set_rollback(True)
