"""Back up a home: one consistent, signed copy of everything but the operator's key."""

from __future__ import annotations

import base64

from chiso.core.backups import (
    HOME,
    NOTE,
    OPERATOR_KEY,
    SIGNING_DOMAIN,
    Manifest,
    OpenArchive,
    manifest_text,
)
from chiso.core.storage import OperatorKeyPlace
from chiso.services.home import Home
from chiso.services.keys import fingerprint
from chiso.services.log import head_of, require_not_put_back, require_signed_head


def back_up(
    home: Home,
    place: OperatorKeyPlace,
    archive: OpenArchive,
    home_file: bytes,
    with_operator_key: bool,
) -> Manifest:
    """Copy the store and the keystore as they are at one moment, and sign what the copy holds.

    Others may write meanwhile: the store's write lock is held only until the keystore is copied and
    the store's state is fixed. `home_file`: the bytes of `home.json`. Refuses to back up a log that
    is not the one this home last signed (LOG_BROKEN), and with another operator's key than the
    keystore is wrapped by (WRONG_OPERATOR_KEY).
    """
    with archive as making:
        anchored = home.anchor.read()
        with home.store.writing() as transaction:
            head = head_of(transaction)
            require_signed_head(home, head)
            require_not_put_back(home, anchored, transaction, head)
            home.keystore.require_current()
            key = place.current()  # here, where nobody changes it: it is to open the copy
            making.begin()
        making.copy_store()
        making.add(HOME, home_file)
        making.add(NOTE, head.checkpoint.encode())
        if with_operator_key:
            making.add(OPERATOR_KEY, base64.b64encode(key) + b"\n")
        manifest = Manifest(
            made=home.clock.now(),
            home_id=home.home_id,
            log_size=head.size,
            checkpoint=head.checkpoint,
            operator_key=fingerprint(key),
            parts=making.parts(),
        )
        text = manifest_text(manifest)
        making.seal(text, home.signer.sign(SIGNING_DOMAIN + text))
    return manifest
