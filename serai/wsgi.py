"""The web server's door. A node whose doors are not all guarded does not start."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serai.settings")
_django = get_wsgi_application()

from serai.core import bodies, fence  # noqa: E402  (what it needs is loaded now)
from serai.exchange import encoding  # noqa: E402
from serai.exchange.index import layout  # noqa: E402


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    fence.leave()
    bodies.measure(environ)
    answer: Iterable[bytes] = _django(environ, start_response)
    return answer


def post_worker_init(worker: object) -> None:
    """gunicorn calls this in each web process (`--config python:serai.wsgi`): its first search finds encoders loaded."""
    if layout.stamp():  # before there is an index nothing can be found
        encoding.warm(encoding.WARM_AFTER_S)


_unguarded = [e for e in run_checks(tags=["policy"]) if e.level >= ERROR]
if _unguarded:
    raise ImproperlyConfigured("\n".join(str(e) for e in _unguarded))
