"""Which roles may open which pages and send which forms, signed in with an account; None: all."""

from __future__ import annotations

from chiso.core.access import Role

_EVERYONE = frozenset(Role)
_STAFF = _EVERYONE - {Role.SUBJECT}
_DESK = frozenset((Role.ADMIN, Role.ENROLLER))
_PROOF = frozenset((Role.ADMIN, Role.AUDITOR))
_STATION = frozenset((Role.ADMIN, Role.VERIFIER))
_HERSELF = frozenset((Role.SUBJECT,))
_ADMIN = frozenset((Role.ADMIN,))

PAGES: dict[str, frozenset[Role] | None] = {
    "GET /": _EVERYONE,
    "GET /access": _ADMIN,
    "GET /account": _EVERYONE,
    "GET /audits": _PROOF,
    "GET /audits/progress": _PROOF,
    "GET /audits/{seq}": _PROOF,
    "GET /audits/{seq}/report": _PROOF,
    "GET /check-ins": _STATION,
    "GET /enrol": _DESK,
    "GET /enrol/agreement": _DESK,
    "GET /enrol/done": _DESK,
    "GET /enrol/form": _DESK,
    "GET /enrol/no": _DESK,
    "GET /enrol/notice": _DESK,
    "GET /enrol/photos": _DESK,
    "GET /join/{token}": None,
    "GET /kiosk": None,
    "GET /language/{code}": None,
    "GET /log": _STAFF,
    "GET /log/certificates/{seq}": _STAFF,
    "GET /log/checkpoints/{size}": _STAFF,
    "GET /me": None,
    "GET /me/log.json": _HERSELF,
    "GET /me/withdraw": _HERSELF,
    "GET /me/{token}": None,
    "GET /me/{token}/withdraw": None,
    "GET /people": _DESK,
    "GET /people/{subject_id}": _DESK,
    "GET /people/{subject_id}/withdraw": _DESK,
    "GET /settings": _PROOF,
    "GET /settings/notices": _PROOF,
    "GET /settings/notices/text/{sha256}": _DESK,
    "GET /settings/notices/write": _ADMIN,
    "GET /settings/retention": _ADMIN,
    "GET /sign-in": None,
    "GET /static/{name:path}": None,
    "GET /thresholds": _PROOF,
    "GET /thresholds/use": _ADMIN,
    "POST /access/accounts": _ADMIN,
    "POST /access/accounts/{account_id}/disable": _ADMIN,
    "POST /access/keys": _ADMIN,
    "POST /access/keys/{key_id}/revoke": _ADMIN,
    "POST /account/codes": _EVERYONE,
    "POST /account/codes/stop": _EVERYONE,
    "POST /account/password": _EVERYONE,
    "POST /audits/run": _ADMIN,
    "POST /audits/{seq}/report": _ADMIN,
    "POST /check-ins": _STATION,
    "POST /enrol/agreement": _DESK,
    "POST /enrol/done": _DESK,
    "POST /enrol/form": _DESK,
    "POST /enrol/photos": _DESK,
    "POST /join/{token}": None,
    "POST /kiosk": None,
    "POST /kiosk/card": frozenset(),
    "POST /kiosk/card-look": frozenset(),
    "POST /kiosk/look": frozenset(),
    "POST /log/ask": _ADMIN,
    "POST /log/checkpoint": _ADMIN,
    "POST /log/verify": _STAFF,
    "POST /me/card": None,
    "POST /me/card-look": None,
    "POST /me/export": _HERSELF,
    "POST /me/{token}/detections": None,
    "POST /me/{token}/look": None,
    "POST /me/{token}/withdraw": None,
    "POST /people/{subject_id}/link": _DESK,
    "POST /people/{subject_id}/cards/{card_id}/revoke": _DESK,
    "POST /settings/notices": _ADMIN,
    "POST /settings/retention": _ADMIN,
    "POST /settings/retention/unset": _ADMIN,
    "POST /settings/witnesses": _ADMIN,
    "POST /settings/witnesses/remove": _ADMIN,
    "POST /sign-in": None,
    "POST /thresholds/use": _ADMIN,
    # Last: she is not there, or not signed in, afterwards.
    "POST /people/{subject_id}/withdraw": _DESK,
    "POST /me/withdraw": _HERSELF,
    "POST /sign-out": None,
}
REST = {
    "token": "none",
    "code": "sn",
    "size": "1",
    "account_id": "none",
    "sha256": "none",
    "name:path": "app.css",
}
"""What stands in paths for things that the matrix of the API does not know."""
