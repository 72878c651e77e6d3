"""Staff's view of privacy."""

from privacy.admin.conformance import ProbeResultAdmin
from privacy.admin.erasures import ErasureAdmin, ErrandAdmin
from privacy.admin.requests import DataRequestAdmin, RequestStepAdmin
from privacy.admin.rows import (
    AcceptanceAdmin,
    CanaryRunAdmin,
    ExportAdmin,
    InactivityNoticeAdmin,
    NoticeAdmin,
)

__all__ = [
    "AcceptanceAdmin",
    "CanaryRunAdmin",
    "DataRequestAdmin",
    "ErasureAdmin",
    "ErrandAdmin",
    "ExportAdmin",
    "InactivityNoticeAdmin",
    "NoticeAdmin",
    "ProbeResultAdmin",
    "RequestStepAdmin",
]
