"""Which rows a page of the admin shows, and which ones something is done to."""

import json
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from privacy import owners
from privacy.models import Look

Rows = list[tuple[type[Model], object]]
"""Models, and keys of their rows."""

PEOPLE = "people_rows"
"""What pages of the back office call the rows of people that they show."""
SHOWING = ("cl", "original", "object", "queryset", "popup_response_data", PEOPLE)
"""What the admin's own pages, and those of the back office, call the rows that they show."""


def shown(context: Mapping[str, Any]) -> Rows:
    """Return the rows that a page shows; raises LookupError where it says of none."""
    if not any(name in context for name in SHOWING):
        raise LookupError
    found: list[Any] = [context.get("original"), context.get("object")]
    if context.get("cl") is not None:
        found += context["cl"].result_list
    found += context.get("queryset") or ()
    for inline in context.get("inline_admin_formsets") or ():
        found += [form.instance for form in inline.formset.initial_forms]
    own: Rows = list(context.get(PEOPLE) or ())
    return own + [(type(one), one.pk) for one in found if isinstance(one, Model)]


def acted_on(
    request: HttpRequest, model_admin: Any, kwargs: Mapping[str, Any]
) -> tuple[Rows, Look]:
    """Return the rows that a sent form is about, and what it does."""
    model = model_admin.model
    if "object_id" in kwargs:
        return [(model, unquote(kwargs["object_id"]))], Look.CHANGED
    actions = set(request.POST.getlist("action")) & set(model_admin.get_actions(request))
    if not actions:
        return chosen(model, request.POST), Look.ADDED
    keys: list[object] = list(request.POST.getlist(ACTION_CHECKBOX_NAME))
    if request.POST.get("select_across") == "1":
        try:
            everything = model_admin.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise BadRequest("no list is filtered like this") from error
        keys = list(everything.values_list("pk", flat=True))
    return [(model, key) for key in keys], Look.ACTED


def chosen(model: type[Model], values: Mapping[str, Any]) -> Rows:
    """Return the rows of people that the form for a new row names."""
    found: Rows = []
    for field in model._meta.concrete_fields:
        to = field.remote_field.model if field.remote_field else None
        if to is not None and owners.is_personal(to) and values.get(field.name):
            found.append((to, values[field.name]))
    return found


def searched(request: HttpRequest) -> Any:
    """Return the foreign key whose value is searched for, or None where a search names none."""
    asked = request.GET
    try:
        model = apps.get_model(asked.get("app_label", ""), asked.get("model_name", ""))
        field = model._meta.get_field(asked.get("field_name", ""))
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    return field if getattr(field, "remote_field", None) else None


def found(field: Any, response: HttpResponse) -> Rows:
    """Return the rows that a search found."""
    model = field.remote_field.model
    at = getattr(field.remote_field, "field_name", None) or "pk"
    values = [one["id"] for one in json.loads(response.content)["results"]]
    if at == model._meta.pk.name:
        return [(model, value) for value in values]
    keys = model._default_manager.filter(**{f"{at}__in": values}).values_list("pk", flat=True)
    return [(model, key) for key in keys]
