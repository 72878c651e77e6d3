from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who the customer is."""

    name = "accounts"

    def ready(self) -> None:
        """Hear of what django-allauth tells by signals alone: new factors, and fresh sign-ins."""
        from allauth.account.signals import authentication_step_completed
        from allauth.mfa.signals import authenticator_added

        from accounts import recent, second_factor

        def added(sender: object, **told: object) -> None:
            second_factor.note_enrolled(told["request"], told["user"], told["authenticator"])  # type: ignore[arg-type]

        authenticator_added.connect(added, weak=False, dispatch_uid="accounts.second_factor")

        def authenticated(sender: object, **told: object) -> None:
            if told.get("reauthenticated"):
                recent.note(told["request"])  # type: ignore[arg-type]

        authentication_step_completed.connect(
            authenticated, weak=False, dispatch_uid="accounts.recent"
        )
