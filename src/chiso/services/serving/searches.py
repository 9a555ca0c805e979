"""Searches that stay prepared between calls: references are decrypted once, not for every probe."""

from __future__ import annotations

import threading

from chiso.core.storage import ReadTransaction
from chiso.services.gallery import added_so_far
from chiso.services.home import Home
from chiso.services.identify import Search, prepare_search, without_erased
from chiso.services.retention import rule_for
from chiso.services.thresholds import active_record

_Version = tuple[object, ...]


class Searches:
    """One prepared search a purpose, prepared again when what it was made of changes."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._prepared: dict[str, tuple[_Version, Search]] = {}
        self._lock = threading.Lock()

    def of(self, purpose: str) -> Search:
        """The search for this purpose, as of now. Raises what `prepare_search` raises."""
        with self._lock:
            with self._home.store.reading() as view:
                version = self._version(view, purpose)
            known = self._prepared.get(purpose)
            if known is not None and known[0] == version:
                search = without_erased(self._home, known[1])
            else:
                search = prepare_search(self._home, purpose)
            self._prepared[purpose] = (version, search)
            return search

    def forget_erased(self) -> None:
        """Overwrite the vectors of those who were erased, in every search that is held.

        For the server to call now and then: another process may have erased someone whom nobody
        searches for here.
        """
        with self._lock:
            for purpose, (version, search) in list(self._prepared.items()):
                self._prepared[purpose] = (version, without_erased(self._home, search))

    def _version(self, view: ReadTransaction, purpose: str) -> _Version:
        model = self._home.model()
        record = active_record(self._home, view, model).record_id
        return model, record, added_so_far(view), rule_for(view, purpose)
