"""Every table of the database, classified: the one list that export, erasure and pages walk."""

from collections import Counter
from collections.abc import Sequence

from django.apps import apps
from django.db.models import Model

from accounts import personal_data as accounts_data
from accounts.data_sets import Classified, DataSet
from billing import personal_data as billing_data
from gateway import personal_data as gateway_data
from privacy import personal_data as privacy_data


def everything() -> list[Classified]:
    """Return every classified table, in the order in which a person's rows may be deleted."""
    return [
        *gateway_data.DATA,
        *billing_data.DATA,
        *privacy_data.DATA,
        *accounts_data.DATA,
    ]


def data_sets() -> list[DataSet]:
    """Return the tables with rows that belong to people, in the order in which people read."""
    apps_read = [accounts_data, gateway_data, billing_data, privacy_data]
    return [entry for app in apps_read for entry in app.DATA if isinstance(entry, DataSet)]


def gaps(entries: Sequence[Classified], models: Sequence[type[Model]]) -> list[str]:
    """Return what is not classified, or classified and not there, in words; nothing if all is."""
    said: dict[str, list[str]] = {}
    for entry in entries:
        said[entry.model._meta.label] = entry.classified
    found = [
        f"{label} is classified twice"
        for label, times in Counter(entry.model._meta.label for entry in entries).items()
        if times > 1
    ]
    found += [
        f"{entry.name} has no purpose"
        for entry in entries
        if isinstance(entry, DataSet) and not entry.purposes
    ]
    for model in models:
        label = model._meta.label
        there = {field.name for field in model._meta.local_fields}
        known = said.pop(label, None)
        if known is None:
            found.append(f"{label} is not classified")
            continue
        found += [f"{label}.{name} is not classified" for name in sorted(there - set(known))]
        found += [f"{label}.{name} is classified and gone" for name in sorted(set(known) - there)]
        found += [
            f"{label}.{name} is classified twice" for name, n in Counter(known).items() if n > 1
        ]
    found += [f"{label} is classified and no table" for label in said]
    return found


def stored_models() -> list[type[Model]]:
    """Return every model of every installed app that has a table of its own."""
    return [m for m in apps.get_models(include_auto_created=True) if not m._meta.proxy]
