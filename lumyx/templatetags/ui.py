"""Small parts of pages that are clearer as tags: icons, money, times, sparklines."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince, timeuntil

from accounts import once as forms_once
from billing.amounts import in_credits, in_dollars
from lumyx import highlighting

register = template.Library()
ICONS: Path = settings.BASE_DIR / "templates" / "icons"
LONG_AMOUNT = 11
"""How many characters of an amount fit where figures are large."""
JUST_NOW_SECONDS = 60
TICKS = re.compile(r"`([^`]+)`")


@cache
def _drawing(name: str) -> SafeString:
    # The files are our own.
    return mark_safe((ICONS / f"{name}.svg").read_text().strip())  # noqa: S308


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw one of the icons in `templates/icons`; words beside it say what it means."""
    return _drawing(name)


@register.simple_tag
def money(micro: int | None) -> SafeString:
    """Write micro-credits as credits, with the exact amount for the pointer."""
    if micro is None:
        return mark_safe("–")
    shown = in_credits(micro)
    whole, dot, part = shown.partition(".")
    grouped = f"{int(whole.lstrip('-')):,}"
    sign = "−" if shown.startswith("-") else ""
    return format_html(
        '<data class="money" value="{}" title="{} micro-credits"{}>{}{}{}{}</data>',
        shown,
        f"{micro:,}",
        mark_safe(" data-long") if len(shown) > LONG_AMOUNT else "",
        sign,
        grouped,
        dot,
        part,
    )


@register.filter
def credits(micro: int) -> str:
    """Write micro-credits as credits where there is no markup."""
    return in_credits(micro)


@register.filter
def usd(cents: int) -> str:
    """Write cents as US dollars."""
    return in_dollars(cents)


@register.simple_tag
def moment(at: datetime | None, never: str = "never") -> SafeString:
    """Write a time as people say it, with the exact UTC time for the pointer."""
    if at is None:
        return format_html('<span class="muted">{}</span>', never)
    at = at.astimezone(UTC)
    distance = (timezone.now() - at).total_seconds()
    if abs(distance) < JUST_NOW_SECONDS:
        words = "just now"
    elif distance > 0:
        words = f"{timesince(at, depth=1)} ago"
    else:
        words = f"in {timeuntil(at, depth=1)}"
    return _time(at, words)


@register.simple_tag(takes_context=True)
def once(context: RequestContext) -> SafeString:
    """Give a form the token by which it is taken once."""
    token = forms_once.token(context["request"])
    return format_html('<input type="hidden" name="{}" value="{}">', forms_once.FIELD, token)


@register.simple_tag
def longer(until: datetime) -> SafeString:
    """Write how much longer something lasts, with the exact UTC time of its end for the pointer."""
    until = until.astimezone(UTC)
    if (until - timezone.now()).total_seconds() < JUST_NOW_SECONDS:
        words = "less than a minute"
    else:
        count, _, unit = timeuntil(until, depth=1).partition("\N{NO-BREAK SPACE}")
        words = f"{count} more {unit}"
    return _time(until, words)


def _time(at: datetime, words: str) -> SafeString:
    exactly = at.strftime("%-d %B %Y, %H:%M:%S UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exactly, words)


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString:
    """Draw values as a line from zero; the label says for screen readers what it shows."""
    top, last = max(values, default=0) or 1, max(len(values) - 1, 1)
    points = [f"{100 * n / last:.2f} {30 - 28 * value / top:.2f}" for n, value in enumerate(values)]
    line = "M" + " L".join(points or ["0 30", "100 30"])
    return format_html(
        '<svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><path class="area" d="{} L100 30 L0 30 Z"/><path d="{}"/></svg>',
        label,
        line,
        line,
    )


@register.filter
def highlight(text: str, language: str) -> SafeString:
    """Write code in colours; its text stays exact, so that it can be copied."""
    return highlighting.highlight(text, language)


@register.filter
def ticks(text: str) -> SafeString:
    """Write what stands between `backticks` as code."""
    # Escaped before the tags are put in.
    return mark_safe(TICKS.sub(r"<code>\1</code>", escape(text)))  # noqa: S308


@register.filter
def wrong_fields(form: BaseForm) -> list[BoundField]:
    """Return the fields of a form that were refused, in the order of the page."""
    return [field for field in form.visible_fields() if field.errors]


@register.filter
def input_id(field: BoundField) -> str:
    """Return the id of a field's input; of the first where there are several to choose from."""
    return field.id_for_label or f"{field.auto_id}_0"


@register.filter
def input_class(field: BoundField) -> SafeString:
    """Draw a form's field with the looks and the accessibility that its state asks for."""
    attributes: dict[str, str | bool] = {"class": "input"}
    described = []
    if field.help_text:
        described.append(f"{field.id_for_label}_help")
    if field.errors:
        attributes["aria-invalid"] = "true"
        described.append(f"{field.id_for_label}_error")
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attributes)
