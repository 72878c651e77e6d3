"""Customers and staff."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes customers, who have no password, and staff, who do."""

    def create_customer(self, *, nabzclan_id: str, username: str, email: str) -> "User":
        """Create a customer as NabzClan presents them."""
        user = self.model(
            nabzclan_id=nabzclan_id, username=username, email=self.normalize_email(email)
        )
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str, email: str = "") -> "User":
        """Create a member of staff who may do everything in the admin."""
        user = self.model(
            username=username,
            email=self.normalize_email(email),
            is_staff=True,
            is_superuser=True,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user


class State(models.TextChoices):
    """Whether an account may be used."""

    ACTIVE = "active", "active"
    FROZEN = "frozen", "frozen"
    CLOSING = "closing", "closing"


class User(AbstractBaseUser, PermissionsMixin):
    """A person: of personal data, exactly the fields that section 2.1 of the policy lists.

    Username, email and avatar are the ones in use: what NabzClan sent, or the person's own
    correction of it. The keys of an account that is not active are refused; a frozen one can
    still be looked at by its owner.
    """

    # Not personal data, yet AbstractBaseUser would keep it: when somebody last signed in.
    last_login = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    nabzclan_id = models.CharField("NabzClan id", max_length=64, unique=True, null=True, blank=True)
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    vip_level = models.PositiveSmallIntegerField("VIP level", default=0)
    vip_expires_at = models.DateTimeField("VIP expires at (UTC)", null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    mail_low_balance = models.BooleanField("mail when credits run low", default=True)
    mail_receipts = models.BooleanField("mail receipts", default=True)
    mail_news = models.BooleanField("mail product news", default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    class Meta:
        permissions = [("freeze_user", "Can freeze and thaw accounts")]
        constraints = [
            # Else somebody could take the name of a member of staff in other letters, and lock
            # them out: a sign-in by password that fits two people lets nobody in.
            models.UniqueConstraint(Lower("username"), name="user_once_whatever_case"),
        ]

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.username

    @property
    def vip_now(self) -> int:
        """The VIP level that counts now: none once it has ended."""
        ended = self.vip_expires_at is not None and self.vip_expires_at <= timezone.now()
        return 0 if ended else self.vip_level
