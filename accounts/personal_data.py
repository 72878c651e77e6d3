"""The personal data that accounts hold, and how it leaves."""

from allauth.mfa.models import Authenticator

from accounts import sessions
from accounts.data_sets import (
    WHILE_ACTIVE,
    Classified,
    DataSet,
    NotPersonal,
    OnErasure,
    Purpose,
    Recipient,
)
from accounts.models import Avatar, LastVisit, NabzClanLink, Restriction, Session, User

ENTRY = (Purpose.SERVICE, Purpose.ACCOUNT)

DATA: list[Classified] = [
    DataSet(
        name="profile",
        title="Your account",
        about="What NabzClan sent at your first sign-in, as you corrected it, and your choices.",
        model=User,
        of=lambda user: User.objects.filter(pk=user.pk),
        columns=(
            *("id", "nabzclan_id", "username", "email", "vip_level", "vip_expires_at", "state"),
            *("mail_low_balance", "mail_receipts", "mail_news", "is_staff", "created_at"),
        ),
        secrets=("password",),
        plumbing=("is_active", "is_superuser"),
        purposes=(*ENTRY, Purpose.LIMITS, Purpose.MESSAGES),
        recipients=(Recipient.NABZCLAN,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="nabzclan",
        title="What NabzClan says",
        about="Your name, address and picture as NabzClan last gave them, and when we asked.",
        model=NabzClanLink,
        of=lambda user: NabzClanLink.objects.filter(user=user),
        columns=(
            *("username", "email", "avatar_url", "email_set_at", "corrected"),
            *("access_until", "synced_at", "tried_at", "failures"),
        ),
        secrets=("encrypted_access", "encrypted_refresh"),
        plumbing=("id", "user"),
        purposes=ENTRY,
        recipients=(Recipient.NABZCLAN,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="avatar",
        title="Your picture",
        about="The picture beside your name: a copy of NabzClan's, or the one you chose.",
        model=Avatar,
        of=lambda user: Avatar.objects.filter(user=user),
        columns=("content", "digest"),
        plumbing=("user",),
        purposes=(Purpose.SERVICE,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="sessions",
        title="Where you are signed in",
        about="Each browser's family, system and country; never its address.",
        model=Session,
        of=lambda user: Session.objects.filter(user=user),
        columns=(
            *("created_at", "last_seen_at", "expire_date"),
            *("client", "system", "device", "country"),
        ),
        secrets=("session_key", "session_data"),
        plumbing=("user",),
        purposes=(Purpose.SERVICE, Purpose.LIMITS),
        kept="until you sign out or the session ends",
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="last-visit",
        title="Your last visit",
        about="The last day on which you were signed in, to close accounts that nobody uses.",
        model=LastVisit,
        of=lambda user: LastVisit.objects.filter(user=user),
        columns=("day",),
        plumbing=("user",),
        purposes=(Purpose.ACCOUNT,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="restrictions",
        title="What you restricted",
        about="Each purpose that you restricted or objected to, and since when.",
        model=Restriction,
        of=lambda user: Restriction.objects.filter(user=user),
        columns=("purpose", "kind", "since"),
        plumbing=("id", "user"),
        purposes=(Purpose.LAW,),
        kept="until you lift it, at the longest while the account is active",
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="second-factors",
        title="Second factors",
        about="Authenticator apps and passkeys that staff sign in with.",
        model=Authenticator,
        of=lambda user: Authenticator.objects.filter(user=user),
        columns=("type", "created_at", "last_used_at"),
        secrets=("data",),
        plumbing=("id", "user"),
        purposes=(Purpose.LIMITS,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="groups",
        title="Roles",
        about="Which roles somebody has as a member of staff.",
        model=User.groups.through,
        of=lambda user: User.groups.through.objects.filter(user=user),
        columns=("group",),
        plumbing=("id", "user"),
        purposes=(Purpose.LIMITS,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="permissions",
        title="Permissions",
        about="What somebody may do as a member of staff, beside their roles.",
        model=User.user_permissions.through,
        of=lambda user: User.user_permissions.through.objects.filter(user=user),
        columns=("permission",),
        plumbing=("id", "user"),
        purposes=(Purpose.LIMITS,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    NotPersonal(
        label="auth.Permission",
        why="Names what can be permitted.",
        columns=("id", "name", "content_type", "codename"),
    ),
    NotPersonal(label="auth.Group", why="Names the roles of staff.", columns=("id", "name")),
    NotPersonal(
        label="auth.Group_permissions",
        why="Says what each role may do.",
        columns=("id", "group", "permission"),
    ),
    NotPersonal(
        label="sessions.Session",
        why="Unused: sessions are in a table of our own.",
        columns=("session_key", "session_data", "expire_date"),
        empty=True,
    ),
    NotPersonal(
        label="account.EmailAddress",
        why="Unused: nobody signs in with an address.",
        columns=("id", "user", "email", "verified", "primary"),
        empty=True,
    ),
    NotPersonal(
        label="account.EmailConfirmation",
        why="Unused: nobody signs in with an address.",
        columns=("id", "email_address", "created", "sent", "key"),
        empty=True,
    ),
    NotPersonal(
        label="socialaccount.SocialApp",
        why="Unused: NabzClan is named in the settings.",
        columns=(
            *("id", "provider", "provider_id", "name", "client_id", "secret", "key", "settings"),
        ),
        empty=True,
    ),
    NotPersonal(
        label="socialaccount.SocialAccount",
        why="Unused: the link to NabzClan is in a table of our own.",
        columns=("id", "user", "provider", "uid", "last_login", "date_joined", "extra_data"),
        empty=True,
    ),
    NotPersonal(
        label="socialaccount.SocialToken",
        why="Unused: tokens are kept encrypted in a table of our own.",
        columns=("id", "app", "account", "token", "token_secret", "expires_at"),
        empty=True,
    ),
]


def expire() -> dict[str, int]:
    """Delete sessions that have ended."""
    return {"ended sessions": sessions.delete_expired()}


def erase(user: User) -> None:
    """Delete the person, within the caller's transaction; what is kept names them no more."""
    for model in (Session, Avatar, NabzClanLink, Authenticator, LastVisit, Restriction):
        model._default_manager.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    User.objects.filter(pk=user.pk).delete()
