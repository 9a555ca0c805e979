"""The store: one transaction is all or nothing, and what is deleted is gone from the file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from tests.postgres import new_database

import chiso.adapters.store.migrations as migrations
from chiso.account.merkle import grown, peak_nodes, peaks_of
from chiso.adapters.store.migrating import SCHEMA_REVISION
from chiso.adapters.store.postgres import PostgresStore
from chiso.adapters.store.rows import position_of
from chiso.adapters.store.schema import metadata
from chiso.adapters.store.sqlite import SqliteStore
from chiso.consent.receipt import draft, narrowed, receipt_bytes
from chiso.core.consent import Cause, Grounds, Mode, Parties, ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Leaf, LeafPayload, LogHead, Node
from chiso.core.storage import SealedReference, SignedReceipt, Subject
from chiso.core.templates import ModelDigest
from chiso.wiring import starter_record

AnyStore = SqliteStore | PostgresStore
_databases = count()
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MODEL = ModelDigest("ab" * 32)
_SECRET = b"a ciphertext that must not be found again"
_ANNA = Subject(SubjectId("subject-anna"), "Anna with a rare label", _NOW)


def _name() -> str:
    return f"store_{next(_databases)}"


def _receipt(subject: Subject, receipt_id: str = "receipt-1") -> SignedReceipt:
    receipt = draft(
        receipt_id=ReceiptId(receipt_id),
        parties=Parties(subject.label, subject.subject_id, "Clinic", None),
        purpose="door",
        modes=frozenset(Mode),
        expires=_NOW.replace(year=2030),
        grounds=Grounds(None, "cd" * 32),
        language="en",
        now=_NOW,
    )
    return SignedReceipt(receipt, receipt_bytes(receipt), b"signature", None)


def _reference(subject: Subject, receipt_id: str = "receipt-1") -> SealedReference:
    return SealedReference(subject.subject_id, ReceiptId(receipt_id), _MODEL, _SECRET, b"tag", _NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.sqlite3")
    made.migrate()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """A store of each kind."""
    made: AnyStore
    if request.param == "sqlite":
        made = SqliteStore(tmp_path / "store.sqlite3")
    else:
        made = PostgresStore(new_database(request.getfixturevalue("postgres_server"), _name()))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def any_enrolled(any_store: AnyStore) -> AnyStore:
    return _with_anna(any_store)


@pytest.fixture
def enrolled(store: SqliteStore) -> SqliteStore:
    _with_anna(store)
    return store


def _with_anna(store: AnyStore) -> AnyStore:
    with store.writing() as transaction:
        transaction.add_subject(_ANNA)
        transaction.add_receipt(_receipt(_ANNA))
        transaction.add_reference(_reference(_ANNA))
    return store


def test_what_was_written_is_read_back(any_enrolled: AnyStore) -> None:
    with any_enrolled.reading() as view:
        assert view.subjects() == [_ANNA]
        assert view.subject(_ANNA.label) == view.subject_by_id(_ANNA.subject_id) == _ANNA
        assert view.receipts(_ANNA.subject_id) == [_receipt(_ANNA)]
        assert list(view.terms()) == [_receipt(_ANNA).receipt.terms(None)]
        assert list(view.references(_MODEL)) == [
            (_reference(_ANNA), _receipt(_ANNA).receipt.terms(None))
        ]
        assert view.count_references() == view.count_references(_MODEL) == 1
        assert view.count_references(ModelDigest("other")) == 0


def test_it_is_kept_when_a_receipt_last_served_and_why_it_ended(any_enrolled: AnyStore) -> None:
    ended, served = _NOW.replace(year=2029), _NOW.replace(year=2028)
    with any_enrolled.writing() as transaction:
        transaction.mark_active([ReceiptId("receipt-1")], served)
        transaction.mark_active([], ended)
        transaction.withdraw_receipt(ReceiptId("receipt-1"), ended, Cause.INACTIVE)
    with any_enrolled.reading() as view:
        (receipt,) = view.receipts()
        assert list(view.terms()) == [receipt.terms]
    assert (receipt.last_active, receipt.withdrawn) == (served, ended)
    assert receipt.cause is Cause.INACTIVE


def test_a_receipt_is_replaced_and_what_rests_on_it_rests_on_the_new_one(
    any_enrolled: AnyStore,
) -> None:
    old = _receipt(_ANNA)
    less = narrowed(old.receipt, frozenset({Mode.VERIFY}), _NOW.replace(year=2029), _NOW)
    new = replace(old, receipt=less, body=receipt_bytes(less), signature=b"another")
    with any_enrolled.writing() as transaction:
        transaction.add_subject(Subject(SubjectId("subject-ben"), "Ben", _NOW))
        other = _receipt(Subject(SubjectId("subject-ben"), "Ben", _NOW), "receipt-2")
        transaction.add_receipt(other)
        transaction.replace_receipt(new)
    with any_enrolled.reading() as view:
        assert view.receipts(_ANNA.subject_id) == [new]
        assert view.receipts(SubjectId("subject-ben")) == [other]
        assert list(view.references()) == [(_reference(_ANNA), new.terms)]


def test_an_exception_rolls_everything_back(any_store: AnyStore) -> None:
    def half_done() -> None:
        with any_store.writing() as transaction:
            transaction.add_subject(_ANNA)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        half_done()
    with any_store.reading() as view:
        assert view.subjects() == []


def test_the_database_refuses_a_reference_without_its_receipt(any_store: AnyStore) -> None:
    with any_store.writing() as transaction:
        transaction.add_subject(_ANNA)
    with (
        any_store.writing() as transaction,
        pytest.raises(IntegrityError, match=r"(?i)foreign key") as caught,
    ):
        transaction.add_reference(_reference(_ANNA, "no-such-receipt"))
    assert "[parameters:" not in str(caught.value)  # a server prints what it did not expect
    with any_store.reading() as view:
        assert view.count_references() == 0


def test_the_database_refuses_two_people_of_one_label(any_enrolled: AnyStore) -> None:
    twin = replace(_ANNA, subject_id=SubjectId("subject-twin"))
    with any_enrolled.writing() as transaction, pytest.raises(IntegrityError, match=r"(?i)unique"):
        transaction.add_subject(twin)


def test_withdrawing_a_receipt_deletes_what_rests_on_it(any_enrolled: AnyStore) -> None:
    with any_enrolled.writing() as transaction:
        assert transaction.withdraw_receipt(ReceiptId("receipt-1"), _NOW) == 1
    with any_enrolled.reading() as view:
        assert view.count_references() == 0
        assert view.receipts()[0].withdrawn == _NOW


def test_an_erased_person_is_in_no_file_of_the_store(enrolled: SqliteStore, tmp_path: Path) -> None:
    before = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert _SECRET in before
    assert _ANNA.label.encode() in before
    with enrolled.writing() as transaction:
        transaction.append_leaf(
            Leaf(0, b"\x00" * 32), LeafPayload(0, _ANNA.subject_id, b"\x01" * 32, b"{}"), ()
        )
        transaction.append_leaf(
            Leaf(1, b"\x02" * 32), LeafPayload(1, None, b"\x01" * 32, b"{}"), ()
        )
        assert transaction.count_payloads() == 2
        assert transaction.count_payloads(_ANNA.subject_id) == 1
        assert transaction.erase_subject(_ANNA.subject_id) == (1, 1, 1)
    enrolled.scrub(1.0)
    after = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert _SECRET not in after
    assert _ANNA.label.encode() not in after
    assert _ANNA.subject_id.encode() not in after
    with enrolled.reading() as view:
        assert [leaf.seq for leaf in view.leaves()] == [0, 1]
        assert [each.seq for each in view.payloads()] == [1]
        assert (view.count_payloads(), view.count_payloads(_ANNA.subject_id)) == (1, 0)


def test_the_head_of_the_log_is_replaced(any_store: AnyStore) -> None:
    with any_store.writing() as transaction:
        assert transaction.log_head() is None
        transaction.set_log_head(LogHead(1, (b"a" * 32,), "note"))
        transaction.set_log_head(LogHead(3, (b"b" * 32, b"c" * 32), "newer"))
    with any_store.reading() as view:
        assert view.log_head() == LogHead(3, (b"b" * 32, b"c" * 32), "newer")


def test_settings_thresholds_and_due_erasures_are_kept(any_store: AnyStore) -> None:
    record = starter_record("offline")
    assert record is not None
    with any_store.writing() as transaction:
        transaction.put_setting("pack", "offline")
        transaction.put_setting("pack", "opencv")
        transaction.add_threshold(record)
        transaction.schedule_key_destruction(_ANNA.subject_id)
        transaction.schedule_key_destruction(_ANNA.subject_id)
    with any_store.reading() as view:
        assert view.setting("pack") == "opencv"
        assert view.setting("unknown") is None
        assert view.thresholds() == [record]
        assert view.erasures_due() == [_ANNA.subject_id]
    with any_store.writing() as transaction:
        transaction.key_destroyed(_ANNA.subject_id)
        assert transaction.erasures_due() == []


def test_a_store_of_a_newer_version_is_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "store.sqlite3")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    with pytest.raises(ChisoError) as caught:
        store.migrate()
    assert caught.value.code is Code.HOME_NEWER


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(ChisoError) as caught:
        SqliteStore(path).migrate()
    assert caught.value.code is Code.STORE_DAMAGED


def test_the_code_knows_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__file__)).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_REVISION


def test_the_migrations_make_the_tables_that_the_code_uses(
    store: SqliteStore, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_text_where_bytes_belong_is_called_damage(store: SqliteStore, tmp_path: Path) -> None:
    with store.writing() as transaction:
        transaction.append_leaf(Leaf(0, b"h" * 32), LeafPayload(0, None, b"s" * 32, b"{}"), ())
    database = sqlite3.connect(tmp_path / "store.sqlite3")
    database.execute("UPDATE log_payloads SET body = '{}'")
    database.commit()
    database.close()
    with store.reading() as view, pytest.raises(ChisoError) as caught:
        list(view.payloads())
    assert caught.value.code is Code.STORE_DAMAGED


def test_no_stale_copy_of_many_erased_people_is_left_in_any_page(
    store: SqliteStore, tmp_path: Path
) -> None:
    """SQLite leaves copies where it moves rows; this many, of such lengths, showed it."""
    generator = Random(4)
    people: list[Subject] = []
    erased: list[str] = []
    for number in range(400):
        label = f"person-{number:04d}-" + "x" * generator.randrange(1, 150)
        with store.writing() as transaction:
            person = Subject(SubjectId(f"{generator.getrandbits(128):032x}"), label, _NOW)
            transaction.add_subject(person)
            transaction.add_receipt(_receipt(person, f"{generator.getrandbits(128):032x}"))
            people.append(person)
            if number % 2:
                gone = people.pop(generator.randrange(len(people)))
                transaction.erase_subject(gone.subject_id)
                erased.append(gone.label[:11])
    store.scrub(1.0)
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [label for label in erased if label.encode() in files]
    assert all(person.label.encode() in files for person in people)


def test_a_reader_delays_the_scrubbing_and_nothing_else(
    enrolled: SqliteStore, tmp_path: Path
) -> None:
    reader = sqlite3.connect(tmp_path / "store.sqlite3")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subjects").fetchone()
    with enrolled.writing() as transaction:
        transaction.erase_subject(_ANNA.subject_id)
    with pytest.raises(ChisoError) as caught:
        enrolled.scrub(0.0)
    assert caught.value.code is Code.ERASURE_UNFINISHED
    reader.close()
    enrolled.scrub(0.0)
    with enrolled.writing() as transaction:
        transaction.put_setting("pack", "offline")


def test_a_writer_is_waited_for_again_after_a_scrubbing(
    enrolled: SqliteStore, tmp_path: Path
) -> None:
    enrolled.scrub(0.0)
    writer = sqlite3.connect(tmp_path / "store.sqlite3", check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    release = Timer(0.3, writer.rollback)
    release.start()
    with enrolled.writing() as transaction:
        transaction.put_setting("pack", "offline")
    release.join()
    writer.close()


def test_nodes_of_the_log_are_kept_beside_its_leaves(any_store: AnyStore) -> None:
    leaves = [bytes([seq]) * 32 for seq in range(6)]
    wanted = [Node(1, 2), Node(0, 3), Node(2, 0), Node(0, 0)]
    expected: dict[Node, bytes] = {Node(0, seq): leaf for seq, leaf in enumerate(leaves)}
    peaks: tuple[bytes, ...] = ()
    with any_store.writing() as transaction:
        for seq, leaf in enumerate(leaves):
            tree = grown(peaks, seq, leaf)
            peaks = tree.peaks
            payload = LeafPayload(seq, None, b"s" * 32, b"{}")
            transaction.append_leaf(Leaf(seq, leaf), payload, tree.completed)
            expected.update(tree.completed)
    with any_store.reading() as view:
        assert view.log_hashes(wanted) == [expected[node] for node in wanted]
        with pytest.raises(ChisoError, match="missing"):
            view.log_hashes([Node(3, 0)])


def test_nodes_and_leaves_take_the_places_in_which_they_arise() -> None:
    arisen = []
    peaks: tuple[bytes, ...] = ()
    for seq in range(70):
        tree = grown(peaks, seq, b"h" * 32)
        peaks = tree.peaks
        arisen += [Node(0, seq), *(node for node, _ in tree.completed)]
    assert [position_of(node) for node in arisen] == list(range(len(arisen)))


def test_a_store_without_nodes_gets_them_from_its_leaves(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    older = SqliteStore(path)
    older.migrate("0001")
    leaves = [bytes([seq]) * 32 for seq in range(5)]
    database = sqlite3.connect(path)
    database.executemany("INSERT INTO log_leaves VALUES (?, ?)", enumerate(leaves))
    database.commit()
    database.close()
    older.migrate()
    peaks, size = peaks_of(leaves)
    with older.reading() as view:
        assert tuple(view.log_hashes(peak_nodes(size))) == peaks
    older.close()


def test_postgresql_gets_the_tables_that_the_code_uses(postgres_server: Path) -> None:
    url = new_database(postgres_server, _name())
    store = PostgresStore(url)
    store.migrate()
    store.close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_writers_wait_for_one_another_and_number_leaves_without_a_gap(any_store: AnyStore) -> None:
    def append(times: int) -> None:
        for _ in range(times):
            with any_store.writing() as transaction:
                head = transaction.log_head()
                size, peaks = (head.size, head.peaks) if head else (0, ())
                tree = grown(peaks, size, b"h" * 32)
                payload = LeafPayload(size, None, b"s" * 32, b"{}")
                transaction.append_leaf(Leaf(size, b"h" * 32), payload, tree.completed)
                transaction.set_log_head(LogHead(size + 1, tree.peaks, "note"))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(append, 10) for _ in range(4)]:
            done.result()
    with any_store.reading() as view:
        assert [leaf.seq for leaf in view.leaves()] == list(range(40))


def test_a_reader_sees_one_moment(any_enrolled: AnyStore) -> None:
    with any_enrolled.reading() as view:
        assert view.count_references() == 1
        with any_enrolled.writing() as transaction:
            transaction.erase_subject(_ANNA.subject_id)
        assert view.count_references() == 1
    with any_enrolled.reading() as view:
        assert view.count_references() == 0


def test_a_scrub_leaves_nothing_in_the_tables_of_postgresql(postgres_server: Path) -> None:
    store = PostgresStore(new_database(postgres_server, _name()))
    store.migrate()
    _with_anna(store)

    def is_found() -> bool:
        with store.writing() as transaction:
            own = text("SELECT oid FROM pg_database WHERE datname = current_database()")
            number = transaction._connection.execute(own).scalar_one()
            transaction._connection.execute(text("CHECKPOINT"))
        tables = (postgres_server / "data" / "base" / str(number)).iterdir()
        return any(_SECRET in each.read_bytes() for each in tables if each.is_file())

    with store.writing() as transaction:
        transaction.erase_subject(_ANNA.subject_id)
    assert is_found()
    store.scrub(1.0)
    assert not is_found()
    store.close()


def test_a_scrub_waits_for_a_view_of_postgresql_that_has_not_read_the_table_yet(
    postgres_server: Path,
) -> None:
    store = PostgresStore(new_database(postgres_server, _name()))
    store.migrate()
    _with_anna(store)
    with store.reading() as view:
        assert view.setting("pack") is None  # a snapshot now, and no lock on anyone's rows
        with store.writing() as transaction:
            transaction.erase_subject(_ANNA.subject_id)
        with pytest.raises(ChisoError) as caught:
            store.scrub(0.2)
        assert caught.value.code is Code.ERASURE_UNFINISHED
        assert view.subject_by_id(_ANNA.subject_id) is not None
    with store.reading() as later:
        later._connection.execute(text("SELECT 1"))  # a snapshot, and no table locked
        store.scrub(0.2)  # this view began after she was erased
    store.close()


def test_a_commit_waits_for_the_disk_even_where_the_database_is_set_not_to(
    postgres_server: Path,
) -> None:
    name = _name()
    url = new_database(postgres_server, name)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    for chosen, held in [("off", "on"), ("remote_apply", "remote_apply")]:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = {chosen}"))
        store = PostgresStore(url)
        with store.writing() as transaction:
            said = transaction._connection.execute(text("SHOW synchronous_commit"))
            assert said.scalar_one() == held
        store.close()
    engine.dispose()


def test_a_scrub_without_patience_does_not_wait_for_a_reader(any_enrolled: AnyStore) -> None:
    with ThreadPoolExecutor(1) as pool, any_enrolled.reading() as view:
        assert view.count_references() == 1
        scrubbing = pool.submit(any_enrolled.scrub, 0.0)
        with pytest.raises(ChisoError) as caught:
            scrubbing.result(timeout=20)
    assert caught.value.code is Code.ERASURE_UNFINISHED


def test_a_writer_waits_again_after_a_scrub_that_did_not(postgres_server: Path) -> None:
    url = new_database(postgres_server, _name())
    store, another = PostgresStore(url), PostgresStore(url)
    store.migrate()
    with store.reading() as view:
        assert view.subjects() == []
        with pytest.raises(ChisoError):
            store.scrub(0.01)

    def write() -> None:
        with store.writing() as transaction:
            transaction.put_setting("pack", "offline")

    with ThreadPoolExecutor(2) as pool:
        with another.writing():
            waiting = [pool.submit(write) for _ in range(2)]
            time.sleep(0.5)  # longer than the scrub was willing to wait
        for each in waiting:
            each.result()
    store.close()
    another.close()


def test_a_database_that_is_not_there_is_named(postgres_server: Path) -> None:
    store = PostgresStore(f"postgresql://postgres@/nowhere?host={postgres_server}")
    with pytest.raises(ChisoError, match="nowhere") as caught:
        store.migrate()
    assert caught.value.code is Code.HOME_UNREADABLE


def test_inactivity_of_older_receipts_counts_from_the_day_it_is_first_written_down(
    tmp_path: Path,
) -> None:
    older = SqliteStore(tmp_path / "old.sqlite3")
    older.migrate("0002")
    receipt = _receipt(_ANNA)
    database = sqlite3.connect(tmp_path / "old.sqlite3")
    database.execute("INSERT INTO subjects VALUES (?, ?, 0)", (_ANNA.subject_id, _ANNA.label))
    database.execute(
        "INSERT INTO receipts VALUES ('receipt-1', ?, ?, x'00', 'door', 'verify', 0, 1, NULL)",
        (_ANNA.subject_id, receipt.body),
    )
    database.commit()
    database.close()
    before = datetime.now(UTC).replace(microsecond=0)
    older.migrate()
    with older.reading() as view:
        (terms,) = view.terms()
        (kept,) = view.receipts()
    assert terms.active >= before
    assert kept.last_active == terms.last_active
    assert kept.cause is None
    older.close()
