"""`python -m xlcfg`."""

from __future__ import annotations

import sys

from xlcfg.cli import main

sys.exit(main())
