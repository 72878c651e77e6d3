"""The paths of the public API, below `/api`."""

from django.urls import path, re_path

from gateway import api_views

urlpatterns = [
    path("v1/chat/completions", api_views.ChatCompletions.as_view()),
    path("v1/models", api_views.Models.as_view()),
    path("v1/models/<path:name>", api_views.Model.as_view()),
    path("v1/credits", api_views.Credits.as_view()),
    path("v1/key", api_views.Key.as_view()),
    re_path(r"", api_views.UnknownPath.as_view()),
]
