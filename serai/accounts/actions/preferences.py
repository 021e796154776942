from collections.abc import Sequence
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import Notice, User
from serai.core import audit
from serai.core.errors import Invalid


@transaction.atomic
def save_preferences(
    *,
    by: User,
    name: str,
    native_name: str,
    language: str,
    reads: Sequence[str],
    time_zone: str,
    mail_notices: bool,
) -> User:
    """Keep a person's own name, languages, time zone and wish for mail."""
    fields = {}
    if not name.strip():
        fields["name"] = _("Enter your name.")
    if language not in dict(settings.LANGUAGES):
        fields["language"] = _("Choose one of the languages.")
    if time_zone not in available_timezones():
        fields["time_zone"] = _("Choose a time zone such as Asia/Shanghai.")
    if fields:
        raise Invalid(_("Please check your entries."), fields=fields)
    user = User.objects.select_for_update().get(pk=by.pk)
    user.name, user.native_name = name.strip(), native_name.strip()
    user.language, user.reads = language, list(reads)
    user.time_zone, user.mail_notices = time_zone, mail_notices
    user.save()
    audit.record(actor=by, action="accounts.preferences_saved", obj=user)
    return user


def mark_read(*, notice: Notice, by: User) -> None:
    """Put a notice away, with the others that lead to the same page. No audit entry: only one's own view changes."""
    same = Q(pk=notice.pk)
    if url := notice.values.get("url"):
        same |= Q(values__url=url)
    unread = Notice.objects.filter(same, user=by, read_at__isnull=True)
    unread.update(read_at=timezone.now())


def mark_all_read(*, by: User) -> int:
    return Notice.objects.filter(user=by, read_at__isnull=True).update(read_at=timezone.now())
