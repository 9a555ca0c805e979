"""The composition root: the only place that knows which adapter stands behind which port."""

from __future__ import annotations

import os
import shutil
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import platformdirs

from chiso.adapters import starter, volunteers
from chiso.adapters.anchor import AnchorFile
from chiso.adapters.decoding.child import ChildDecoder
from chiso.adapters.home_files import (
    ANCHOR_FILE,
    HOME_FILE,
    KEYSTORE_FILE,
    OPERATOR_KEY_BYTES,
    OPERATOR_KEY_VARIABLE,
    STORE_FILE,
    HomeFile,
    read_home_file,
    read_operator_key,
    write_home_file,
    write_operator_key,
)
from chiso.adapters.home_lock import enter
from chiso.adapters.home_swap import settle_swap
from chiso.adapters.keystore import KEY_BYTES, FileKeystore
from chiso.adapters.london import originals
from chiso.adapters.models.catalogue import StoreCatalogue
from chiso.adapters.models.manifest import EmbedderSpec, packaged_entries
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.opening import open_detector, open_embedder
from chiso.adapters.operator_key import operator_key_place, settle_operator_key
from chiso.adapters.report_shelf import FolderShelf
from chiso.adapters.signing import Ed25519Signer
from chiso.adapters.store.opening import open_store, prepare_store
from chiso.adapters.system import SystemClock, SystemRandomness, user_name
from chiso.adapters.vault import AesGcmVault
from chiso.adapters.wrapped_keys import wrapped_key_in
from chiso.compare.threshold import parse_record
from chiso.core.audit_inputs import EmbeddingTable, ScoreTable
from chiso.core.catalogue import Catalogue, PackCard, Transfer
from chiso.core.consent import SubjectId
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.ports import Clock
from chiso.core.reports import ReportShelf
from chiso.core.samples import AlignmentGeometry
from chiso.core.settings import CaptureSettings
from chiso.core.templates import ModelDigest
from chiso.services.home import Engine, Home
from chiso.services.keys import finish_rotation
from chiso.services.settings import PACK_SETTING, change_pack, require_here
from chiso.services.thresholds import start_with
from chiso.services.volunteers.calibration import OpenSittings
from chiso.services.withdraw import finish_erasures
from chiso.volunteers.portraits import Studio

MODELS_VARIABLE = "CHISO_MODELS"
_APP = "chiso"
_CHIPS_ARE_FOR = "dlib-resnet-v1"
_LATER = (Code.ERASURE_UNFINISHED, Code.ROTATION_UNFINISHED, Code.STORE_BUSY)
_PATIENCE_S = 0.5  # whoever only opens a home need not wait for its readers


def home_directory(named: Path | None) -> Path:
    """The home that was named, or the platform's data directory."""
    return named or Path(platformdirs.user_data_dir(_APP)) / "home"


def catalogue() -> Catalogue:
    """Models on this machine and those that can be had."""
    return StoreCatalogue(_model_store(os.environ))


def make_home(
    directory: Path, controller: str, pack: str, database: str | None = None
) -> tuple[Home, ThresholdRecord | None]:
    """Make a home; it appears at `directory` whole or not at all.

    `database`: the address of an empty PostgreSQL database to be its store, else a file. Returns
    the home, with the starter threshold record that now decides, if its pack has one. Raises
    ChisoError(HOME_EXISTS) where something is there already.
    """
    known = catalogue()
    chosen = known.pack(pack)
    require_here(known, chosen)
    try:
        target = Path(os.path.realpath(directory))  # Path.resolve fails on a circle of links
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ChisoError(
                Code.HOME_EXISTS,
                f"{directory} is there already and is left as it is.",
                "Name another place with --home, or work in this one.",
            )
        starter = _make_at(target, controller, chosen, database)
    except OSError as error:
        raise ChisoError(
            Code.HOME_UNREADABLE,
            f"A home cannot be made at {directory} ({error.strerror}).",
            "Name a place that you may write to with --home.",
        ) from error
    return open_home(directory), starter


def _make_at(
    target: Path, controller: str, pack: PackCard, database: str | None
) -> ThresholdRecord | None:
    """Make a home in a folder that is new or empty."""
    # Inside a folder that is there: a shell may stand in it, or a disk be mounted on it.
    beside = target if target.is_dir() else target.parent
    making = beside / f".{target.name}.{os.getpid()}.making"
    try:
        making.mkdir(parents=True, mode=0o700)
        starter = _fill(making, controller, pack, database)
        _place(making, target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return starter


def _place(made: Path, target: Path) -> None:
    """Move a finished home to where it belongs. `home.json`, last, is what makes it one."""
    if not target.is_dir():
        made.replace(target)
        return
    target.chmod(0o700)
    for part in sorted(made.iterdir(), key=lambda each: each.name == HOME_FILE):
        part.replace(target / part.name)


def open_home(directory: Path) -> Home:
    """Open a home, bring its schema up to date, and finish what a crash left unfinished.

    Nobody restores it as long as its store is in use. Raises ChisoError: kind MISSING where it
    cannot be opened, INTEGRITY where its keys do not fit.
    """
    settle_swap(directory)
    leave = enter(directory)
    try:
        home = _opened(directory)
    except BaseException:
        leave()
        raise
    weakref.finalize(home.store, leave)
    return home


def _opened(directory: Path) -> Home:
    file = read_home_file(directory)
    for part in (STORE_FILE, KEYSTORE_FILE):
        is_elsewhere = part == STORE_FILE and file.database is not None
        if not is_elsewhere and not (directory / part).is_file():
            raise ChisoError(
                Code.HOME_UNREADABLE,
                f"{directory / part} is missing: this home is not whole.",
                PUT_BACK_A_BACKUP,
            )
    if OPERATOR_KEY_VARIABLE not in os.environ:
        settle_operator_key(
            directory, file.home_id, lambda: open_store(directory / STORE_FILE, file.database)
        )
    home = _assemble(directory, file)
    if home.signer.public_key != file.public_key:
        raise ChisoError(
            Code.WRONG_OPERATOR_KEY,
            f"The signing key in {directory / KEYSTORE_FILE} is not this home's.",
            f"Put back the keystore that belongs to this home. If it is lost: {PUT_BACK_A_BACKUP}",
        )
    _finish(home)
    return home


def open_copy(directory: Path, file: HomeFile, operator_key: bytes) -> Home:
    """Open a home that is being made, with this operator's key; nothing in it is finished."""
    return _assemble(directory, file, operator_key)


def _finish(home: Home) -> None:
    """Finish what a crash left; where another process is still reading, a later opening does it."""
    try:
        finish_rotation(home, operator_key_place(home.path, os.environ))
        finish_erasures(home, _PATIENCE_S)
    except ChisoError as error:
        if error.code not in _LATER:
            raise


def _fill(
    directory: Path, controller: str, pack: PackCard, database: str | None
) -> ThresholdRecord | None:
    randomness = SystemRandomness()
    home_id = str(uuid.UUID(bytes=randomness.token(16), version=4))
    operator_key, signing_key = _new_operator_key(directory), randomness.token(KEY_BYTES)
    keystore = FileKeystore(directory / KEYSTORE_FILE, home_id, operator_key, randomness)
    keystore.create_file(signing_key)
    file = HomeFile(home_id, controller, Ed25519Signer(signing_key).public_key, database)
    prepare_store(directory / STORE_FILE, database)
    home = _assemble(directory, file, operator_key)
    starter = starter_record(pack.name)
    with home.store.writing() as transaction:
        change_pack(home, transaction, pack)
        if starter is not None:
            start_with(home, transaction, starter)
    home.store.close()
    write_home_file(directory, file)
    return starter


def _new_operator_key(directory: Path) -> bytes:
    """The key that the environment gives, or a new one, written into the home."""
    if OPERATOR_KEY_VARIABLE in os.environ:
        return read_operator_key(directory, os.environ)
    key = SystemRandomness().token(OPERATOR_KEY_BYTES)
    write_operator_key(directory, key)
    return key


def _assemble(directory: Path, file: HomeFile, operator_key: bytes | None = None) -> Home:
    randomness = SystemRandomness()
    key = read_operator_key(directory, os.environ) if operator_key is None else operator_key
    keystore = FileKeystore(directory / KEYSTORE_FILE, file.home_id, key, randomness)
    anchor = AnchorFile(directory / ANCHOR_FILE)
    store = open_store(directory / STORE_FILE, file.database, anchor.write)
    store.migrate()
    capture = CaptureSettings()

    @cache
    def pack() -> PackCard:
        with store.reading() as view:
            name = view.setting(PACK_SETTING)
        if name is None:
            raise ChisoError(Code.STORE_DAMAGED, "The home names no models.", PUT_BACK_A_BACKUP)
        return catalogue().pack(name)

    @cache
    def engine() -> Engine:
        return open_engine(pack(), capture)

    return Home(
        path=directory,
        home_id=file.home_id,
        controller=file.controller,
        store=store,
        anchor=anchor,
        keystore=keystore,
        vault=AesGcmVault(randomness),
        signer=Ed25519Signer(keystore.signing_key()),
        clock=SystemClock(),
        randomness=randomness,
        capture=capture,
        asked_by=user_name(),
        model=lambda: pack().digest,
        engine=engine,
    )


def open_engine(pack: PackCard, capture: CaptureSettings) -> Engine:
    """Load the two models of a pack."""
    return open_models(pack.detector, pack.embedder, capture)


def open_models(detector: str, embedder: str, capture: CaptureSettings) -> Engine:
    """Load a detector and an embedder by name, whether or not a pack puts them together."""
    decoder = ChildDecoder(capture.decode)  # first, so that it gets ready while models load
    models = _model_store(os.environ)
    return Engine(
        decoder, open_detector(models, detector), open_embedder(models, embedder), capture
    )


def starter_record_of(model: ModelDigest) -> ThresholdRecord | None:
    """The threshold record that ships for an embedder, by its digest; None if there is none."""
    records = (starter_record(pack.name) for pack in catalogue().packs() if pack.digest == model)
    return next((each for each in records if each is not None and each.model == model), None)


def starter_record(pack: str) -> ThresholdRecord | None:
    """The threshold record that ships for a pack, made by `make starter`; None if there is none."""
    file = resources.files(starter).joinpath(f"{pack}.json")
    return parse_record(file.read_bytes()) if file.is_file() else None


def chip_geometry() -> AlignmentGeometry:
    """The chip that the embedder of the offline pack wants: 150 px."""
    (geometry,) = [
        entry.spec.geometry
        for entry in packaged_entries()
        if isinstance(entry.spec, EmbedderSpec) and entry.name == _CHIPS_ARE_FOR
    ]
    return geometry


def studio_opener() -> Callable[[], Studio]:
    """What every process that renders volunteers opens its studio with.

    Calling it raises ChisoError, kind MISSING, where the optional renderer is not installed.
    """
    from chiso.adapters.studio.opening import open_studio

    return open_studio


def sittings_opener() -> OpenSittings:
    """As `studio_opener`, for calibration."""
    from chiso.adapters.studio.opening import open_studio

    return open_studio


def skin_albedos() -> Mapping[int, tuple[float, float, float]]:
    """The albedo of skin at each tone, as `chiso volunteers calibrate --out` found it."""
    from chiso.adapters.studio.opening import shipped_albedos

    return shipped_albedos()


def _model_store(environment: Mapping[str, str]) -> ModelStore:
    named = environment.get(MODELS_VARIABLE)
    return ModelStore(Path(named) if named else Path(platformdirs.user_cache_dir(_APP)) / "models")


def clock() -> Clock:
    """The machine's clock, for work that needs no home."""
    return SystemClock()


def fetched_london() -> Path | None:
    """The folder of London photos that `fetch_london` has filled; None before."""
    folder = _london_folder()
    return folder if originals.is_complete(folder) else None


def fetch_london(transfer: Transfer) -> Path:
    """Fetch the London Set's original photos, by digest, into the user's cache."""
    originals.fetch(_london_folder(), transfer)
    return _london_folder()


def shipped_volunteers() -> Path:
    """The folder of rendered volunteers that Chiso carries: people who do not exist."""
    return Path(str(resources.files(volunteers)))


def render_cache() -> Path:
    """Where rendered portraits are kept for the next run."""
    return Path(platformdirs.user_cache_dir(_APP)) / "renders"


def read_scores(path: Path, by: Sequence[str]) -> ScoreTable:
    """A table of comparison scores, CSV or Parquet. Raises ChisoError, naming row or column."""
    from chiso.adapters.tables.scores import read_scores as read  # polars

    return read(path, by)


def read_embeddings(path: Path, by: Sequence[str]) -> EmbeddingTable:
    """A table of embeddings, Parquet or NPZ. Raises ChisoError, naming row or column."""
    from chiso.adapters.tables.embeddings import read_embeddings as read  # polars

    return read(path, by)


def wrapped_key(home: Home, subject_id: SubjectId) -> bytes | None:
    """A person's wrapped key as it lies in the home's keystore; None where there is none."""
    return wrapped_key_in(home.path / KEYSTORE_FILE, subject_id)


def report_shelf(home: Home) -> ReportShelf:
    """Where a home keeps the pages of its audits."""
    return FolderShelf(home.path / "reports")


def _london_folder() -> Path:
    return Path(platformdirs.user_cache_dir(_APP)) / "london"
