"""The addresses of the pages about what we promise."""

from django.urls import path

from lumyx.office.privacy import policies, promises

urlpatterns = [
    path("promises", promises.show, name="privacy_promises"),
    path("policies", policies.overview, name="privacy_policies"),
    path("policies/new/<str:kind>", policies.write, name="privacy_policy_new"),
    path("policies/<uuid:draft_id>", policies.read, name="privacy_policy_draft"),
    path("policies/<uuid:draft_id>/edit", policies.rewrite, name="privacy_policy_edit"),
    path("policies/<uuid:draft_id>/preview", policies.preview, name="privacy_policy_preview"),
    path("policies/<uuid:draft_id>/publish", policies.publish, name="privacy_policy_publish"),
    path("policies/<uuid:draft_id>/discard", policies.discard, name="privacy_policy_discard"),
]
