"""What the kernel starts as PID 1, as `/app/init`: a script, never imported."""

import sys

sys.path.insert(0, "/app")

from libos.boot.guest import main

main()
