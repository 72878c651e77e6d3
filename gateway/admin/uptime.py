"""What we found when we asked our own public door."""

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from gateway.models import UptimeSpell


@admin.register(UptimeSpell)
class UptimeSpellAdmin(ReadOnlyAdmin):
    """Stretches of the last 90 days in which each check of a part found the same.

    Between two of one part nobody measured.
    """

    list_display = ("part", "began", "last_at", "checks", "ok", "reason", "mean_ms")
    list_filter = ("part", "ok")
    date_hierarchy = "began"

    @admin.display(description="mean (ms)")
    def mean_ms(self, spell: UptimeSpell) -> int:
        """Return how long an answer took on the average."""
        return spell.latency_ms // max(spell.checks, 1)
