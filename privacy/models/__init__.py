"""What privacy remembers of people."""

from privacy.models.acceptances import Acceptance
from privacy.models.canary import CanaryRun
from privacy.models.conformance import ProbeResult, ProbeState
from privacy.models.disclosures import Disclosure, DisclosureState
from privacy.models.erasures import Erasure, ErasureState, ErasureWhy, Errand, ErrandKind
from privacy.models.exports import Export, ExportState
from privacy.models.inactivity import InactivityNotice
from privacy.models.notices import Notice
from privacy.models.policies import PolicyDraft, PolicyVersion
from privacy.models.requests import (
    GENERAL,
    DataRequest,
    RequestKind,
    RequestState,
    RequestStep,
)
from privacy.models.reviews import SecurityReview
from privacy.models.staff_access import KEPT_DAYS, Look, StaffAccess

__all__ = [
    "GENERAL",
    "KEPT_DAYS",
    "Acceptance",
    "CanaryRun",
    "DataRequest",
    "Disclosure",
    "DisclosureState",
    "Erasure",
    "ErasureState",
    "ErasureWhy",
    "Errand",
    "ErrandKind",
    "Export",
    "ExportState",
    "InactivityNotice",
    "Look",
    "Notice",
    "PolicyDraft",
    "PolicyVersion",
    "ProbeResult",
    "ProbeState",
    "RequestKind",
    "RequestState",
    "RequestStep",
    "SecurityReview",
    "StaffAccess",
]
