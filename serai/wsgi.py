"""The web server's door. A node whose doors are not all guarded does not start."""

import os

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serai.settings")
application = get_wsgi_application()

_unguarded = [e for e in run_checks(tags=["policy"]) if e.level >= ERROR]
if _unguarded:
    raise ImproperlyConfigured("\n".join(str(e) for e in _unguarded))
