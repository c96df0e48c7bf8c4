"""One owner per store: a lock file that names its holder."""

import fcntl
import os
import time
from pathlib import Path

from breakwatch.errors import StoreOwnedError

_PATIENCE_S = 1.0
_PAUSE_S = 0.05


class OwnerLock:
    """An exclusive lock for the life of this object, on a file apart from the database.

    Apart, because closing any handle on a locked file drops POSIX locks of the whole process: nobody may ever open the
    owner's database by other means. ``flock`` also keeps two owners of one process apart.
    """

    def __init__(self, path: Path, store_path: Path) -> None:
        """Take the lock; waits a moment for an owner that is just leaving.

        Raises:
            StoreOwnedError: another owner holds it; names its process.
        """
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    holder = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip()
                    os.close(self._handle)
                    raise StoreOwnedError(
                        f"the store {store_path} is already owned by process {holder or 'unknown'}",
                        "stop that process, or read the published file: it never locks",
                    ) from None
                time.sleep(_PAUSE_S)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back; the file stays, for deleting it would let two owners in."""
        os.close(self._handle)
