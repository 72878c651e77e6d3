"""The timetable: what runs by itself, when it last did, and how that ended."""

from django.http import HttpRequest, HttpResponse

from gateway import jobs
from lumyx.office import doors


@doors.staff_page("gateway.view_jobrun")
def show_jobs(request: HttpRequest) -> HttpResponse:
    """Show every periodic job, those in trouble first."""
    found = sorted(jobs.every(), key=lambda job: job.state[1] != "bad")
    context = {
        "jobs": found,
        "heartbeat": jobs.heartbeat(),
        "troubled": [job for job in found if job.state[1] == "bad"],
    }
    return doors.show(request, "office/operations/jobs.html", "Periodic jobs", context)
