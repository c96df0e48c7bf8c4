"""What a process of ours settles before it loads its libraries: they ask only once, while they are imported.

For programs, not for libraries: a listener that somebody imports into a program of theirs must change nothing there.
This file writes to the environment and reads nothing from it; reading is for ``breakwatch.config`` alone.
"""

import gc
import os
import sys

_UNLESS_SAID_OTHERWISE = {
    # Nothing here multiplies large matrices: threads for that cost each start 40 ms of processor, and memory.
    "OPENBLAS_NUM_THREADS": "1",
    # To look for plugins of pydantic, every installed package is opened: 16 ms. None is ours.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}

_AT_ONCE = 250_000
"""After so many new containers, instead of 700, the young ones are looked through for cycles.

Libraries and a day's collection make a hundred thousand lasting objects, and no cycles to speak of: looking again and
again took a tenth of the time. So many hold some 50 MB at most, which a command gives back when it ends.
"""

_FOR_LONG = 10_000
"""The same for a service: an answer that is held by a cycle must not stay as long as a command may run."""

_TURN_S = 0.0005
"""How long a thread computes before another has its turn, instead of 5 ms: requests are sent, and answers taken, by
threads beside the one that computes, and a cycle is no longer than a few such turns."""


def prepare() -> None:
    """Settle it; what the environment says already stays as it is."""
    sys.setswitchinterval(_TURN_S)
    for name, value in _UNLESS_SAID_OTHERWISE.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(_AT_ONCE, *gc.get_threshold()[1:])


def stay() -> None:
    """Go on as a service, which runs for long."""
    gc.set_threshold(_FOR_LONG, *gc.get_threshold()[1:])
