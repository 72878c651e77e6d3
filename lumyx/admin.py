"""The admin pages of models that are not ours, in the admin's own looks.

Sessions have none: the key of a session is what signs a person in.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group

from accounts.closed_lists import ModelAdmin
from billing.admin import ReadOnlyAdmin

# Secrets that dj-stripe keeps in clear text; nobody needs to read them here.
HIDDEN = {"apikey": ("secret",), "webhookendpoint": ("secret",)}

admin.site.unregister(Group)

# Tables of django-allauth that are empty here, or hold secrets.
for label in ("account", "socialaccount", "mfa"):
    for foreign_model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(foreign_model):
            admin.site.unregister(foreign_model)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Roles of staff."""

    search_fields = ("name",)
    filter_horizontal = ("permissions",)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What staff did in the admin."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_select_related = ("user", "content_type")


def _mirror(model: Any) -> type[ReadOnlyAdmin]:
    hidden = HIDDEN.get(model._meta.model_name, ())
    return type(f"{model.__name__}Mirror", (ReadOnlyAdmin,), {"exclude": hidden})


# Stripe is the truth of these rows, so they are read here and changed there.
for stripe_model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(stripe_model):
        admin.site.unregister(stripe_model)
    admin.site.register(stripe_model, _mirror(stripe_model))
