"""One row per API call: who, which model, how much, how long; never what was said."""

from django.db import models


class ChargeBasis(models.TextChoices):
    """Why a call cost what it did."""

    REPORTED = "reported", "what the provider reported"
    ESTIMATED = "estimated", "the tokens that were delivered"
    NOTHING = "nothing", "nothing: no output was delivered"
    FREE = "free", "nothing: this endpoint is free"
    REJECTED = "rejected", "nothing: refused before it began"


class RequestLog(models.Model):
    """A call, in a table that PostgreSQL partitions by UTC day of `started_at`.

    The columns are an allow-list that the privacy policy fixes. The table itself is made by
    a migration in SQL; its primary key is (id, started_at), and the id carries the time.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    started_at = models.DateTimeField()
    account_id = models.BigIntegerField()
    key_id = models.UUIDField("key")
    endpoint = models.CharField(max_length=32)
    model = models.CharField(max_length=80)
    streamed = models.BooleanField()
    status = models.SmallIntegerField()
    error_code = models.CharField(max_length=40)
    input_tokens = models.IntegerField()
    cache_read_tokens = models.IntegerField()
    cache_write_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    reasoning_tokens = models.IntegerField()
    input_price = models.BigIntegerField()
    cache_read_price = models.BigIntegerField()
    cache_write_price = models.BigIntegerField()
    output_price = models.BigIntegerField()
    charge = models.BigIntegerField()
    charge_basis = models.CharField(max_length=12, choices=ChargeBasis)
    provider = models.CharField(max_length=40)
    attempts = models.JSONField()
    latency_ms = models.IntegerField("latency (ms)")
    first_token_ms = models.IntegerField("time to first token (ms)", null=True)
    ip = models.GenericIPAddressField("IP address")
    country = models.CharField(max_length=2)
    client = models.CharField("browser or SDK family", max_length=40)
    system = models.CharField("operating system family", max_length=40)
    device = models.CharField("device family", max_length=40)

    class Meta:
        managed = False
        db_table = "gateway_requestlog"
        ordering = ["-started_at"]
        verbose_name = "logged request"

    def __str__(self) -> str:
        return f"request {self.id}"
