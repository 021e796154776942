"""What this app registers with `core`: releases as a kind, its place in the rail, its export."""

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from serai.core import context, kinds, policy
from serai.observatory import exports, policies  # noqa: F401  (columns and rules register here)
from serai.observatory.models import Release


def _card(release: Release) -> kinds.Card:
    return kinds.Card(
        kind="release",
        id=release.pk,
        title=str(release),
        url=reverse("release_detail", args=[release.pk]),
        status=str(release.get_status_display()),
    )


kinds.register(
    kinds.Kind(
        name="release",
        label=pgettext_lazy("kind", "Release"),
        plural=pgettext_lazy("kind", "Releases"),
        model=Release,
        visible=policies.visible_releases,
        card=_card,
        icon="archive",
    )
)
context.register_place(
    context.Place(
        name="observe",
        label=pgettext_lazy("place", "Observe"),
        url_name="observe",
        icon="bar-chart",
        order=60,
        gate=policy.anyone,
    )
)
