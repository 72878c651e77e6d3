"""Drafts and published versions of the documents, to be read; they are written in the office."""

from django.contrib import admin

from billing.admin.read_only import ReadOnlyAdmin
from privacy.models import PolicyDraft, PolicyVersion


@admin.register(PolicyDraft)
class PolicyDraftAdmin(ReadOnlyAdmin):
    """Versions that are being written."""

    list_display = ("kind", "effective", "material", "written_by", "changed_at")
    list_select_related = ("written_by",)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    """Versions that staff published."""

    list_display = ("kind", "version", "announced", "material", "written_by", "approved_by")
    list_select_related = ("written_by", "approved_by")
