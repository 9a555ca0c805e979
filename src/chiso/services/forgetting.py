"""What a process that lives on lets go of when somebody was erased from its home."""

from __future__ import annotations

import gc

import numpy as np

from chiso.services.home import Home

_CACHED_UP_TO_BYTES = 1024
_CACHED_OF_A_SIZE = 8


def forget(home: Home) -> None:
    """Let go of what the store's connections and numpy keep of rows that were read.

    Connections keep pages and statements keep the values they first ran with. numpy keeps small
    arrays that were freed, seven of each size below 1 kB, for the next of that size, and a template
    is one of them. With `adapters.memory`, what is freed here is overwritten; without, only what
    numpy kept.
    """
    home.store.close()
    gc.collect()
    for size_bytes in range(1, _CACHED_UP_TO_BYTES):
        for array in [np.empty(size_bytes, np.uint8) for _ in range(_CACHED_OF_A_SIZE)]:
            array.fill(0)
