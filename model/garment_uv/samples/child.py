"""Processes that end with the one that started them, however that ends."""

import os
import threading
import time

LOOK_EVERY_S = 1.0


def end_with(parent: int, _worker: int = 0) -> None:
    """Ends this process soon after `parent`, which started it, has ended, whatever it is doing then.

    torch's own watch over a loader's processes takes whoever is their parent when it begins for the loader: a process
    whose loader is killed while it starts would stay for ever.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
