#!/usr/bin/env python
"""Django's own door, for those who know it; `serai` starts the embedded database first."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serai.settings")
    execute_from_command_line(sys.argv)
