"""The addresses of Operations."""

from django.urls import path

from lumyx.office.operations import jobs

urlpatterns = [
    path("jobs", jobs.show_jobs, name="jobs"),
]
