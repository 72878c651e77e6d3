"""The pages of the documentation: read, render, respond."""

from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from gateway import snippets
from lumyx.docs import contents, filling, plain, reference, rendering, search

MARKDOWN = "text/markdown; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Say what there is to read, and when."""
    values = filling.current()
    samples = snippets.first_call(values.base, model=values.model)
    return render(request, "docs/index.html", _shell() | {"samples": samples, "base": values.base})


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page."""
    found = _find(slug)
    before, after = contents.neighbours(found)
    shown = rendering.render(found, filling.current())
    context = {"page": found, "shown": shown, "before": before, "after": after}
    return render(request, "docs/page.html", _shell() | context)


@require_safe
def page_as_markdown(request: HttpRequest, slug: str) -> HttpResponse:
    """Give one page as Markdown."""
    if slug == contents.REFERENCE:
        return HttpResponse(plain.reference_page(filling.current()), content_type=MARKDOWN)
    return HttpResponse(plain.page(_find(slug), filling.current()), content_type=MARKDOWN)


@require_safe
def api(request: HttpRequest) -> HttpResponse:
    """Show every operation of the API."""
    values = filling.current()
    found = contents.pages()[contents.REFERENCE]
    before, _ = contents.neighbours(found)
    context = {
        "page": found,
        "before": before,
        "groups": reference.groups(),
        "operations": _operations(values),
    }
    return render(request, "docs/reference.html", _shell() | context)


@lru_cache(maxsize=8)
def _operations(values: filling.Values) -> str:
    groups = [
        (group, [(one, [one.curl(values), one.answer(values)]) for one in group.operations])
        for group in reference.groups()
    ]
    return render_to_string("docs/operations.html", {"groups": groups, "base": values.base})


@never_cache
@vary_on_headers("HX-Request")
@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """Show what a search finds: as a page, or as its list alone where one is typing."""
    query = request.GET.get("q", "")[: search.LONGEST_QUERY].replace("\x00", "")
    context: dict[str, Any] = {"query": query}
    if query.strip():
        context["results"] = search.find(query, filling.current())
    if request.headers.get("HX-Request"):
        return render(request, "docs/results.html", context)
    return render(request, "docs/search.html", _shell() | context)


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """Tell language models what there is to read, as llmstxt.org has it."""
    return HttpResponse(plain.contents_list(filling.current()), content_type=TEXT)


@require_safe
def llms_full(request: HttpRequest) -> HttpResponse:
    """Give the whole documentation as one text."""
    return HttpResponse(plain.everything(filling.current()), content_type=TEXT)


def _shell() -> dict[str, Any]:
    return {"sections": contents.sections()}


def _find(slug: str) -> contents.Page:
    found = contents.pages().get(slug)
    if found is None or slug == contents.REFERENCE:
        raise Http404
    return found
