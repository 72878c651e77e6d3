"""The addresses of Operations."""

from django.urls import path

from lumyx.office.operations import abuse, errands, inbox, jobs, routes

urlpatterns = [
    path("inbox", inbox.show_inbox, name="inbox"),
    path("inbox/try-again", inbox.try_again, name="try_events_again"),
    path("abuse", abuse.show_abuse, name="abuse"),
    path("errands", errands.show_errands, name="errands"),
    path("errands/try-again", errands.try_again, name="try_errands_again"),
    path("routes", routes.show_routes, name="routes"),
    path("routes/live", routes.show_routes_live, name="routes_live"),
    path("routes/<int:route_id>/hold", routes.hold_route, name="hold_route"),
    path("routes/<int:route_id>/close", routes.close_route, name="close_route"),
    path("jobs", jobs.show_jobs, name="jobs"),
]
