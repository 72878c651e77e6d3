"""What can only be read."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from privacy.models import Acceptance, CanaryRun, Export, InactivityNotice, Notice


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    """What people have accepted, and when."""

    list_display = ("user", "kind", "version", "accepted_at")
    list_select_related = ("user",)
    list_filter = ("kind", "version")


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """The exports people asked for; what is in them is theirs alone."""

    list_display = ("id", "user", "state", "asked_at", "ready_at", "expires_at", "tries")
    list_select_related = ("user",)
    list_filter = ("state",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Who was told of which version, and when."""

    list_display = ("user", "kind", "version", "mailed_at")
    list_select_related = ("user",)
    list_filter = ("kind", "version")


@admin.register(InactivityNotice)
class InactivityNoticeAdmin(ReadOnlyAdmin):
    """Who was told that their unused account will be closed, and when."""

    list_display = ("user", "nth", "sent_at")
    list_select_related = ("user",)
    list_filter = ("nth",)


@admin.register(CanaryRun)
class CanaryRunAdmin(ReadOnlyAdmin):
    """What became of the customers that we make up."""

    list_display = ("ran_at", "passed", "said", "ended_at")
    list_filter = ("passed",)
