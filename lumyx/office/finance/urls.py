"""The addresses of the pages about the money."""

from django.urls import path

from lumyx.office.finance import differences, ledger, reports

urlpatterns = [
    path("ledger", ledger.explore, name="finance_ledger"),
    path("reconciliation", differences.show_run, name="finance_reconciliation"),
    path("reconciliation/run", differences.run_again, name="finance_reconcile"),
    path("report", reports.latest, name="finance_reports"),
    path("report/<str:key>", reports.month, name="finance_report"),
    path("report/<str:key>/print", reports.printed, name="finance_report_print"),
    path("report/<str:key>/csv", reports.download, name="finance_report_csv"),
]
