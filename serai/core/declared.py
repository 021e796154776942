"""Rules and kinds of `core`'s own, and of the libraries' routes that are mounted."""

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from serai.core import context, kinds, lifecycle, policies, policy
from serai.core.imports import tasks  # noqa: F401  (registers the jobs)
from serai.core.models import ImportRun

policy.declare("core.public", "Everybody: pages and files that hold no record of anybody.")
policy.declare(
    "core.signed_in", "Everybody who is signed in; shows only what is theirs.", gate=policy.signed_in
)

policy.foreign_routes(
    {
        "set_language": "core.public",
        "static*": "core.public",
        "openapi-json": "core.public",
        "api-root": "core.public",
    }
)


def import_card(run: ImportRun) -> kinds.Card:
    return kinds.Card(
        kind="import",
        id=run.pk,
        title=run.file_name,
        url=reverse("import_detail", args=[run.pk]),
        status=str(run.get_status_display()),
        tone=lifecycle.tone_of(run),
    )


kinds.register(
    kinds.Kind(
        name="import",
        label=pgettext_lazy("kind", "Import"),
        plural=pgettext_lazy("kind", "Imports"),
        model=ImportRun,
        visible=policies.visible_imports,
        card=import_card,
        icon="upload",
    )
)

context.register_place(
    context.Place("today", pgettext_lazy("place", "Today"), "today", "sun", 10, policy.signed_in)
)
context.register_place(
    context.Place(
        "help", pgettext_lazy("place", "Help"), "help", "question-circle", 95, policy.anyone, foot=True
    )
)
