"""What tests of privacy share."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Session, User
from gateway.models import Provider
from privacy import acceptances, policies
from privacy.models import Acceptance, DataRequest, Export


@pytest.fixture
def world(database: None, exports_directory: Path) -> Iterator[None]:
    """A database in which every promise holds, whatever other tests have left; then undone."""
    with transaction.atomic():
        Provider.objects.update(
            terms_reviewed_on=timezone.now().date(), retention_days=0, trains_on_content=False
        )
        accept_everything()
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
        DataRequest.objects.update(due_at=timezone.now() + timedelta(days=1), words="")
        Export.objects.all().delete()
        yield
        transaction.set_rollback(True)


def accept_everything() -> None:
    """Have every customer accept what is in effect, and nothing else; other tests made many."""
    people = User.objects.filter(nabzclan_id__isnull=False)
    Acceptance.objects.filter(user__in=people).delete()
    words = hashlib.sha256(acceptances.AGE.encode()).hexdigest()
    asked = [("age", "13", words), *((p.kind, p.version, p.sha256) for p in policies.all_current())]
    Acceptance.objects.bulk_create(
        Acceptance(user_id=pk, kind=kind, version=version, sha256=sha256)
        for pk in people.values_list("pk", flat=True)
        for kind, version, sha256 in asked
    )
