"""A search that stays prepared in a process that lives on, and lets go of whoever is erased."""

from __future__ import annotations

from collections.abc import Sequence

from chiso.core.samples import Refusal
from chiso.services.engine import MeasuredFace
from chiso.services.home import Home
from chiso.services.identify import (
    FaceAnswer,
    Search,
    identify_faces,
    is_current,
    probe_faces,
    without_erased,
)
from chiso.services.shared_lock import SharedLock


class StandingSearch:
    """One prepared search for any number of threads, which must not use it but through here.

    A search drops those who were erased before it compares. Between searches nobody does, so a
    process that may stand idle calls `forget_erased` on a timer, every second say. The process
    should overwrite what it frees (`wiring_upkeep.live_on`). Who enrols later is not in it:
    prepare another for them.
    """

    def __init__(self, home: Home, prepared: Search) -> None:
        self._home = home
        self._prepared = prepared
        # Rows are dropped in place: a comparison that ran meanwhile would name the wrong person.
        self._rows = SharedLock()

    @property
    def references(self) -> int:
        """How many references are in memory."""
        with self._rows.shared():
            return len(self._prepared.gallery)

    def identify(
        self, photo: bytes, *, home: Home | None = None, every_face: bool = False
    ) -> list[FaceAnswer] | Refusal:
        """As `identify.identify`, in any number of threads at once.

        `home`: the same home as another caller works in it, whom its leaves then name.
        """
        home = home or self._home
        faces = probe_faces(home, photo, every_face=every_face)
        if isinstance(faces, Refusal):
            return faces
        return self.identify_faces(faces, home=home)

    def identify_faces(
        self, faces: Sequence[MeasuredFace], *, home: Home | None = None
    ) -> list[FaceAnswer]:
        """The second half of `identify`: of what `probe_faces` found, those that shall be named."""
        home = home or self._home
        while True:
            with self._rows.shared():
                if is_current(home, self._prepared):
                    return identify_faces(home, faces, self._prepared)
            self.forget_erased()

    def forget_erased(self) -> bool:
        """Overwrite the vectors of whoever was erased since they were read, from any process.

        Returns whether anyone was. Costs the reading of one number where nobody was; waits for
        comparisons that run. Raises ChisoError where the store cannot be read: call it again.
        """
        with self._rows.shared():
            if is_current(self._home, self._prepared):
                return False
        with self._rows.alone():
            before, self._prepared = self._prepared, without_erased(self._home, self._prepared)
            return self._prepared is not before
