"""The public API's URLs at the path that clients call."""

from django.urls import include, path

urlpatterns = [path("api/", include("gateway.api_urls"))]
