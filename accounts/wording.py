"""Our own words for what a form refuses, in place of Django's."""

from typing import Any

from django import forms

REQUIRED = "Fill this in."
CHOOSE = "Choose one of the list."


class WordedForm(forms.Form):
    """A form whose fields say in our words what is wrong, where they have no words of their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            word(field)


def word(field: forms.Field) -> None:
    """Give a field our words for each mistake that it still names in Django's."""
    plain: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        plain |= getattr(kind, "default_error_messages", {})
    for code, words in _words(field).items():
        if field.error_messages.get(code) == plain.get(code):
            field.error_messages[code] = words


def _words(field: forms.Field) -> dict[str, str]:
    found = {"required": REQUIRED}
    if isinstance(field, forms.MultipleChoiceField):
        found |= {"required": "Choose one at the least."}
    elif isinstance(field, forms.ChoiceField):
        found |= {"required": "Choose one."}
    elif isinstance(field, forms.BooleanField):
        found |= {"required": "Tick this to go on."}
    elif isinstance(field, forms.EmailField):
        found |= {"invalid": "Write an address such as name@example.com."}
    elif isinstance(field, forms.DateField):
        found |= {"invalid": "Write a day such as 2027-03-31."}
    if isinstance(field, forms.ChoiceField):
        found |= {"invalid_choice": CHOOSE}
    if isinstance(field, forms.IntegerField):
        found |= _of_number(field)
    if isinstance(field, forms.CharField) and field.max_length:
        found["max_length"] = f"Write {field.max_length:,} characters at the most."
    return found


def _of_number(field: forms.IntegerField) -> dict[str, str]:
    """Return the words of a number: decimals are kinds of integer fields to Django."""
    found = {"invalid": "Write a whole number, such as 5."}
    if isinstance(field, forms.DecimalField):
        places = field.decimal_places
        found = {
            "invalid": "Write a number, such as 2.5.",
            "max_decimal_places": f"Write {places} decimals at the most.",
        }
    if field.min_value is not None:
        found["min_value"] = f"Write {_number(field.min_value)} or more."
    if field.max_value is not None:
        most = f"Write {_number(field.max_value)} or less."
        found |= dict.fromkeys(("max_value", "max_digits", "max_whole_digits"), most)
    return found


def _number(bound: Any) -> str:
    value = bound() if callable(bound) else bound
    return f"{value:,f}" if not isinstance(value, int) else f"{value:,}"
