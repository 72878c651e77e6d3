"""What privacy remembers of people."""

from privacy.models.acceptances import Acceptance
from privacy.models.exports import Export, ExportState
from privacy.models.notices import Notice
from privacy.models.requests import DataRequest, RequestKind, RequestState, RequestStep

__all__ = [
    "Acceptance",
    "DataRequest",
    "Export",
    "ExportState",
    "Notice",
    "RequestKind",
    "RequestState",
    "RequestStep",
]
