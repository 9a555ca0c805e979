"""Searches that stay prepared between calls: references are decrypted once, not for every probe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from chiso.core.errors import ChisoError
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.core.storage import ReadTransaction
from chiso.services.gallery import added_so_far
from chiso.services.home import Home
from chiso.services.identify import FaceAnswer, prepare_search
from chiso.services.retention import rule_for
from chiso.services.standing import StandingSearch
from chiso.services.thresholds import active_record

_Version = tuple[object, ...]
_Made = TypeVar("_Made")


class Searches:
    """One prepared search a purpose, prepared again when what it was made of changes."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._prepared: dict[str, tuple[_Version, StandingSearch]] = {}
        self._preparing = threading.Lock()

    def identify(self, home: Home, purpose: str, photo: bytes) -> list[FaceAnswer] | Refusal:
        """Search every face of `photo` among those who agreed, as the caller works in `home`.

        Raises what `prepare_search` raises.
        """
        return self.of(purpose).identify(photo, home=home)

    def of(self, purpose: str) -> StandingSearch:
        """The search for this purpose. Raises what `prepare_search` raises."""
        purpose = label_from(purpose, "purpose")  # however it is typed, one copy is held
        with self._preparing:
            with self._home.store.reading() as view:
                version = self._version(view, purpose)
            known = self._prepared.get(purpose)
            if known is not None and known[0] == version:
                return known[1]
            search = StandingSearch(self._home, prepare_search(self._home, purpose))
            self._prepared[purpose] = (version, search)
            return search

    def forget_erased(self) -> None:
        """Overwrite the vectors of those who were erased, in every search that is held.

        For the server to call now and then: another process may have erased someone whom nobody
        searches for here.
        """
        for _, search in list(self._prepared.values()):  # another may be prepared meanwhile
            search.forget_erased()

    def after(self, erase: Callable[[], _Made]) -> _Made:
        """Do what erases someone, and overwrite her vectors at once in every search.

        In one piece, so that nothing comes between her erasure and the answer that it is done.
        """
        made = erase()
        with suppress(ChisoError):  # it is done; upkeep forgets her in a moment
            self.forget_erased()
        return made

    def _version(self, view: ReadTransaction, purpose: str) -> _Version:
        model = self._home.model()
        record = active_record(self._home, view, model).record_id
        return model, record, added_so_far(view), rule_for(view, purpose)
