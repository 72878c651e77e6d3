"""Tables of the catalogue to files and back: with a preview first, all of a file or nothing."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import BadRequest, PermissionDenied
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, JSON
from import_export.results import Result
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from billing.admin.read_only import staff_of
from gateway.admin.announced import AnnouncedAdmin

MOST_BYTES = 2_000_000
ACTS = {"new": ADDITION, "update": CHANGE}


class Gone(LookupError):
    """The file that was looked at before lies here no more."""


class Rows(JSON):
    """A list of objects; their names are the columns."""

    def create_dataset(self, in_stream: Any) -> Any:
        """Read a file; raises ValueError where its rows have no columns."""
        found = super().create_dataset(in_stream)
        if not found.headers:
            raise ValueError("its rows are no objects with names")
        return found


class WaitingFiles(CacheStorage):
    """Where a file waits for somebody to look at its preview, for an hour."""

    CACHE_PREFIX = "catalogue-file-"
    CACHE_LIFETIME = 3_600

    def read(self) -> Any:
        """Return the file; raises Gone."""
        found = super().read()
        if found is None:
            raise Gone
        return found


class FileForm(ImportForm):
    """A file to import."""

    def clean_import_file(self) -> Any:
        """Refuse what is larger than any catalogue."""
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"A file has at most {MOST_BYTES // 1_000_000} MB.")
        return file


class CatalogueFiles(ImportExportMixin, AnnouncedAdmin):
    """Exports a table to whom may see it, and imports it for whom may add and change its rows."""

    formats = (CSV, Rows)
    import_form_class = FileForm
    export_form_class = ExportForm
    tmp_storage_class = WaitingFiles

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Who sees the rows may take them along."""
        return bool(self.has_view_permission(request))

    def has_import_permission(self, request: HttpRequest) -> bool:
        """A file both adds and changes."""
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Write nothing where any row is wrong."""
        known: dict[str, Any] = super().get_import_data_kwargs(**kwargs)
        return {**known, "rollback_on_validation_errors": True}

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import a file whose preview was shown; once."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.POST.get("format", "") not in {str(nth) for nth in range(len(self.formats))}:
            raise BadRequest("files have no such format")
        try:
            answer: HttpResponse = super().process_import(request, **kwargs)
        except Gone:
            messages.warning(
                request, "This file was imported already, or waited too long. Choose it again."
            )
            return redirect(self._address("import"))
        return answer

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """Log and announce what was imported, or show what is wrong by now."""
        if result.has_errors() or result.has_validation_errors():
            return self._refuse(result, request)
        self._log_actions(result, request)
        self.announce()
        messages.success(
            request,
            f"Imported: {result.totals['new']} new, {result.totals['update']} changed, "
            f"{result.totals['skip']} as they were.",
        )
        return redirect(self._address("changelist"))

    def _refuse(self, result: Result, request: HttpRequest) -> HttpResponse:
        form = self.import_form_class(
            self.get_import_formats(), self.get_import_resource_classes(request)
        )
        context = {
            **self.admin_site.each_context(request),
            "title": "Import",
            "form": form,
            "opts": self.model._meta,
            "media": self.media + form.media,
            "fields_list": [],
            "result": result,
        }
        return TemplateResponse(request, [self.import_template_name], context)

    def _log_actions(self, result: Result, request: HttpRequest) -> None:
        for row in result.rows:
            if row.import_type in ACTS:
                columns = ", ".join(change.column for change in row.diff)
                LogEntry.objects.log_actions(
                    staff_of(request).pk,
                    [row.instance],
                    ACTS[row.import_type],
                    f"Imported from a file: {columns}.",
                    single_object=True,
                )

    def _address(self, page: str) -> str:
        app, model = self.get_model_info()
        return reverse(f"admin:{app}_{model}_{page}")
