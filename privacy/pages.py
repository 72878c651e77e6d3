"""The public pages of the documents: in effect, of another day, all of them, and what changed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from privacy import changes, policies, typesetting
from privacy.policies import Policy


@require_safe
def policy(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a document as it is in effect."""
    return _show(request, policies.current(kind))


@require_safe
def version(request: HttpRequest, kind: str, version: str) -> HttpResponse:
    """Show one version of a document, be it past, in effect or announced."""
    return _show(request, _find(kind, version))


@require_safe
def history(request: HttpRequest, kind: str) -> HttpResponse:
    """List the versions of a document."""
    context = {
        "title": policies.TITLES[kind],
        "versions": policies.readable(kind),
        "now": policies.current(kind),
        "kind": kind,
    }
    return render(request, "privacy/versions.html", context)


@require_safe
def difference(request: HttpRequest, kind: str, version: str) -> HttpResponse:
    """Show what changed with a version."""
    new = _find(kind, version)
    old = policies.before(new)
    if old is None:
        raise Http404
    context = {"old": old, "new": new, "lines": changes.between(old, new)}
    return render(request, "privacy/changes.html", context)


def _find(kind: str, version: str) -> Policy:
    for policy in policies.readable(kind):
        if policy.version == version:
            return policy
    raise Http404


def _show(request: HttpRequest, policy: Policy) -> HttpResponse:
    before = policies.before(policy)
    return render(request, "privacy/policy.html", typeset(policy, before=before))


def typeset(policy: Policy, *, before: Policy | None) -> dict[str, Any]:
    """Return what the page of a version shows; `before` is what its changes can be seen from."""
    return {
        "policy": policy,
        "sheet": typesetting.sheet(policy.title, policy.text),
        "now": policies.current(policy.kind),
        "before": before,
    }
