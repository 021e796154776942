"""The web server's door. A node whose doors are not all guarded does not start."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serai.settings")
_django = get_wsgi_application()

from serai.core import fence  # noqa: E402  (what it needs is loaded now)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    fence.leave()
    answer: Iterable[bytes] = _django(environ, start_response)
    return answer


_unguarded = [e for e in run_checks(tags=["policy"]) if e.level >= ERROR]
if _unguarded:
    raise ImproperlyConfigured("\n".join(str(e) for e in _unguarded))
