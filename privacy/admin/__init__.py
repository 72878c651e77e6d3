"""Staff's view of privacy."""

from privacy.admin.requests import DataRequestAdmin, RequestStepAdmin
from privacy.admin.rows import AcceptanceAdmin, ExportAdmin, NoticeAdmin

__all__ = ["AcceptanceAdmin", "DataRequestAdmin", "ExportAdmin", "NoticeAdmin", "RequestStepAdmin"]
