"""Whether what we promise is kept: how old things are, and what the checks found."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from lumyx.office import doors
from privacy import ages, keeping, tombstones
from privacy.conformance import results
from privacy.models import ProbeState

ORDER = (ProbeState.BROKEN, ProbeState.UNCHECKED, ProbeState.NOT_HERE, ProbeState.KEPT)


@doors.staff_page("privacy.view_proberesult")
def show(request: HttpRequest) -> HttpResponse:
    """Show every rule and every clause, what fails first."""
    report = results.report()
    context = {
        "ages": ages.ages(),
        "sweep": ages.last_sweep(),
        "report": report,
        "lines": sorted(report.lines, key=lambda line: ORDER.index(ProbeState(line.state))),
        "spans": keeping.deletion(),
        "worst": keeping.worst_case_days(),
        "promised": keeping.PROMISED_DAYS,
        "backup_days": settings.BACKUP_DAYS,
        "tombstones": len(tombstones.every()),
        "tombstone_days": settings.BACKUP_DAYS + tombstones.MARGIN.days,
    }
    return doors.show(request, "office/privacy/promises.html", "Promises", context)
