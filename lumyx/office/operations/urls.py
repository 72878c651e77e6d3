"""The addresses of Operations."""

from django.urls import path

from lumyx.office.operations import jobs, routes

urlpatterns = [
    path("routes", routes.show_routes, name="routes"),
    path("routes/live", routes.show_routes_live, name="routes_live"),
    path("routes/<int:route_id>/hold", routes.hold_route, name="hold_route"),
    path("routes/<int:route_id>/close", routes.close_route, name="close_route"),
    path("jobs", jobs.show_jobs, name="jobs"),
]
