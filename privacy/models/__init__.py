"""What privacy remembers of people."""

from privacy.models.acceptances import Acceptance
from privacy.models.exports import Export, ExportState
from privacy.models.notices import Notice

__all__ = ["Acceptance", "Export", "ExportState", "Notice"]
