"""The paths of the public API, below `/api`."""

from django.urls import path, re_path

from gateway import api_views, call_views, usage_views
from gateway.openapi import describing

CALLS = [
    path("v1/chat/completions", call_views.ChatCompletions.as_view()),
    path("v1/messages", call_views.Messages.as_view()),
    path("v1/messages/count_tokens", call_views.CountTokens.as_view()),
    path("v1/responses", call_views.Responses.as_view()),
    path("v1/embeddings", call_views.Embeddings.as_view()),
    path("v1/completions", call_views.Completions.as_view()),
]
READINGS = [
    path("v1/models", api_views.Models.as_view()),
    path("v1/models/<path:name>", api_views.Model.as_view()),
    path("v1/credits", api_views.Credits.as_view()),
    path("v1/key", api_views.Key.as_view()),
    path("v1/usage", usage_views.UsageList.as_view()),
    path("v1/requests/<str:public_id>", usage_views.OneRequest.as_view()),
]
OPEN = [path("v1/openapi.json", describing.Document.as_view())]
# Anthropic's SDK adds `/v1` to its base itself, and some set the base to `…/api/v1`.
ALIASES = [
    path("v1/v1/messages", call_views.Messages.as_view()),
    path("v1/v1/messages/count_tokens", call_views.CountTokens.as_view()),
    path("v1/v1/models", api_views.Models.as_view()),
    path("v1/v1/models/<path:name>", api_views.Model.as_view()),
]

urlpatterns = [*CALLS, *READINGS, *OPEN, *ALIASES, re_path(r"", api_views.UnknownPath.as_view())]
