"""The composition root of a witness, and of a home's way to other people's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chiso.account.checkpoint import is_key_name
from chiso.account.cosignature import VerifyWith
from chiso.adapters.signing import verify_with
from chiso.adapters.system import SystemClock, SystemRandomness
from chiso.adapters.witness.folder import make_folder, open_folder
from chiso.adapters.witness.link import HttpWitnessLink
from chiso.core.errors import ChisoError, Code
from chiso.core.witness import WitnessLink
from chiso.services.witness import Witness, add_checkpoint

if TYPE_CHECKING:
    from chiso.adapters.witness.server import WitnessServer


def make_witness(directory: Path, name: str) -> Witness:
    """Make a witness. Raises ChisoError: BAD_ARGUMENT for such a name, WITNESS_EXISTS."""
    if not is_key_name(name):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A witness cannot be called {name!r}: spaces and plus signs part its key from it.",
            "Name it after an address of yours, such as witness.example.org/first.",
        )
    make_folder(directory, name, SystemRandomness())
    return open_witness(directory)


def open_witness(directory: Path) -> Witness:
    """Open a witness. Raises ChisoError: WITNESS_MISSING, WITNESS_DAMAGED."""
    key, signer, state = open_folder(directory)
    return Witness(key, state, signer, verify_with, SystemClock())


def witness_server(
    witness: Witness, host: str, port: int, tell: Callable[[str], None]
) -> WitnessServer:
    """A server for this witness, listening; port 0 takes any that is free."""
    from chiso.adapters.witness.server import WitnessServer  # no other command needs a server

    return WitnessServer(host, port, partial(add_checkpoint, witness), tell)


def witness_link() -> WitnessLink:
    """The way to witnesses: with a model's download, the only code that goes out."""
    return HttpWitnessLink()


def signature_check() -> VerifyWith:
    """Checks Ed25519 signatures of keys that others hold."""
    return verify_with
