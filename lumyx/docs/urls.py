"""The paths of the documentation."""

from django.urls import path

from lumyx.docs import views

urlpatterns = [
    path("docs", views.index, name="docs"),
    path("docs/api", views.api, name="docs_api"),
    path("docs/search", views.look_up, name="docs_search"),
    path("docs/charges", views.page, {"slug": "charges"}, name="charges"),
    path("docs/<slug:slug>.md", views.page_as_markdown, name="docs_markdown"),
    path("docs/<slug:slug>", views.page, name="docs_page"),
    path("llms.txt", views.llms, name="llms"),
    path("llms-full.txt", views.llms_full, name="llms_full"),
]
