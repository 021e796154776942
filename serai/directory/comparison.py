"""Working out what imported names look like, so that look-alikes are found whatever way a name came in."""

from django.db import connection, transaction

from serai.directory import names
from serai.directory.models import OrganisationName

BATCH = 2000


def compare_names(*, limit: int = 100_000) -> int:
    """Give up to `limit` names without a skeleton theirs. Returns how many; running it again goes on."""
    done = 0
    while done < limit:
        found = _fill(min(BATCH, limit - done))
        if not found:
            break
        done += found
    return done


@transaction.atomic
def _fill(size: int) -> int:
    waiting = OrganisationName.objects.select_for_update(skip_locked=True).filter(skeleton="")
    batch = list(waiting.values_list("pk", "text")[:size])
    # A name of which nothing is left (only marks) gets a dash, so that it does not come up for ever.
    skeletons = [names.skeleton(text)[:1500] or "-" for _pk, text in batch]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE directory_organisationname AS n SET skeleton = new.skeleton"
            " FROM unnest(%s::uuid[], %s::text[]) AS new(id, skeleton) WHERE n.id = new.id",
            [[pk for pk, _text in batch], skeletons],
        )
    return len(batch)
