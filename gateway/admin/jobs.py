"""When periodic jobs last ran."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from gateway.models import JobRun


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """The last run of each job, as it is kept; Operations → Periodic jobs says which are late."""

    list_display = (
        *("task", "sent_at", "begun_at", "ended_at", "duration_ms", "problem"),
        "succeeded_at",
    )
