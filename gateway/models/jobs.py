"""When the jobs of the timetable last ran."""

from django.db import models
from django.db.models.functions import Now


class JobRun(models.Model):
    """The last run of a periodic job; `problem` is an exception's name, never what it says.

    `sent_at` is when a beat last sent it to the workers.
    """

    task = models.CharField(max_length=100, primary_key=True)
    known_since = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField("last sent", null=True)
    begun_at = models.DateTimeField("last begun", null=True)
    ended_at = models.DateTimeField("last ended", null=True)
    duration_ms = models.PositiveBigIntegerField("took (ms)", null=True)
    problem = models.CharField(max_length=60, blank=True, default="", db_default="")
    succeeded_at = models.DateTimeField("last succeeded", null=True)

    class Meta:
        verbose_name = "periodic job"
        ordering = ["task"]

    def __str__(self) -> str:
        return self.task
