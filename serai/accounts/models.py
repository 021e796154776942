"""People, their roles in organisations and for the node, tokens, invitations, notices."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.models import LineField, Record


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. What they may do comes from roles in organisations (`Membership`) and for the node (`NodeRole`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = LineField(max_length=150)
    native_name = LineField(max_length=150, blank=True)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    reads = ArrayField(models.CharField(max_length=35), default=list, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    mail_notices = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    is_invented = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(models.functions.Lower("email"), name="one_account_per_address"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name


class Membership(Record):
    """A person's role in an organisation. The organisation is named by its app, not imported: it lives above."""

    class Role(models.TextChoices):
        MEMBER = "member", pgettext_lazy("role", "Member")
        MANAGER = "manager", pgettext_lazy("role", "Manager")
        DESK_OFFICER = "desk_officer", pgettext_lazy("role", "Country-desk officer")
        TRANSFER_OFFICER = "transfer_officer", pgettext_lazy("role", "Transfer officer")
        PROGRAMME_MANAGER = "programme_manager", pgettext_lazy("role", "Programme manager")
        EVENT_ORGANISER = "event_organiser", pgettext_lazy("role", "Event organiser")
        INVESTOR = "investor", pgettext_lazy("role", "Investor")

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("membership", "Requested")
        ACTIVE = "active", pgettext_lazy("membership", "Active")
        LEFT = "left", pgettext_lazy("membership", "Left")
        REFUSED = "refused", pgettext_lazy("membership", "Refused")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        "directory.Organisation", on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    office = LineField(max_length=150, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=models.Q(status__in=["requested", "active"]),
                name="one_role_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.status}"


class NodeRole(Record):
    """A role for the whole node. There is no all-seeing role: the secretariat runs it and sees no sealed text."""

    class Role(models.TextChoices):
        STEWARD = "steward", pgettext_lazy("role", "Steward")
        SECRETARIAT = "secretariat", pgettext_lazy("role", "Secretariat")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="node_roles")
    role = models.CharField(max_length=12, choices=Role.choices)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="one_node_role_once")]

    def __str__(self) -> str:
        return self.role


class Invitation(Record):
    """An invitation to join an organisation. Only the hash of its secret is kept.

    `name` is that of the person invited, where it is known: they need not write it again.
    """

    class Status(models.TextChoices):
        SENT = "sent", pgettext_lazy("invitation", "Sent")
        ACCEPTED = "accepted", pgettext_lazy("invitation", "Accepted")
        REVOKED = "revoked", pgettext_lazy("invitation", "Withdrawn")
        EXPIRED = "expired", pgettext_lazy("invitation", "Expired")

    email = models.EmailField()
    name = LineField(max_length=150, blank=True)
    organisation = models.ForeignKey("directory.Organisation", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=20, choices=Membership.Role.choices)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    secret_hash = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.status


class AccessRequest(Record):
    """Somebody without an account who asks to join the network; a steward answers by `due_on`."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("request to join", "Open")
        ACCEPTED = "accepted", pgettext_lazy("request to join", "Accepted")
        REFUSED = "refused", pgettext_lazy("request to join", "Refused")

    email = models.EmailField()
    name = LineField(max_length=150)
    organisation_name = LineField(max_length=300)
    country_code = models.CharField(max_length=2)
    message = models.TextField(max_length=2000, blank=True)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    due_on = models.DateField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.status


class ApiToken(Record):
    """A key to the programming interface. Its secret is shown once; only the hash is kept."""

    class Scope(models.TextChoices):
        READ = "read", pgettext_lazy("token scope", "Read")
        WRITE = "write", pgettext_lazy("token scope", "Write")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = LineField(max_length=80)
    scope = models.CharField(max_length=5, choices=Scope.choices, default=Scope.READ)
    secret_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Notice(Record):
    """Something a person should know or do, shown in the application and, if they wish, sent by mail.

    `kind` names the sentence (declared by the app that posts it), `values` its parts; the sentence is put
    together in the reader's language when it is read.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.UUIDField()
    values = models.JSONField(default=dict)
    key = models.CharField(max_length=200, unique=True)
    read_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        indexes = [
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="unread_notices"),
        ]

    def __str__(self) -> str:
        return self.kind
