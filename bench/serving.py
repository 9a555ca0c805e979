"""What serving adds to recognising, and what a server does at its limit.

python -m bench.serving               # one caller beside a plain loop; then a minute of load
python -m bench.serving --minutes 5   # five minutes of load: p50, p99, refusals, memory
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote, urlsplit

from bench import london
from bench.rows import Row, as_table
from bench.timing import median_ms, say, take_turns
from chiso import wiring
from chiso.core.access import Role, Scope
from chiso.core.consent import Mode
from chiso.core.samples import Refusal
from chiso.services import enrol
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search

PEOPLE = 20
TURNS = 60
CALLERS = 24  # more than are worked on or wait, so that some are refused
MAX_OVERHEAD = 1.3
_PURPOSE = "clinic door"
_PATH = f"/v1/identifications?purpose={quote(_PURPOSE)}"
_OK, _BUSY = 200, 429


@dataclass(slots=True)
class _Load:
    """What callers were answered: seconds of each answer that was one, and counts of statuses."""

    taken_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def measured(photos: Path, minutes: float = 1.0) -> list[Row]:
    """One caller in turn with a plain loop over the same steps, then load from many callers."""
    with tempfile.TemporaryDirectory(prefix="chiso-bench-") as folder:
        plain = _peopled(Path(folder) / "plain", photos)
        served = _peopled(Path(folder) / "served", photos)
        secrets = [_key(served, number) for number in range(CALLERS)]
        served.store.close()
        photo = photos / "001_smiling.jpg"
        with _server(served.path) as (url, pid), _overwriting_loop(plain.path, photo) as again:
            probe = photo.read_bytes()
            return [
                *_overhead(plain, probe, url, secrets[0], again),
                *_under_load(probe, url, pid, secrets, minutes),
            ]


def _overhead(
    plain: Home, probe: bytes, url: str, secret: str, overwriting: Callable[[], None]
) -> list[Row]:
    say(f"identifying one person {TURNS} times, in two loops and through the server in turn")
    prepared = prepare_search(plain, _PURPOSE)
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def in_a_loop() -> None:
        if isinstance(identify(plain, probe, prepared), Refusal):
            raise RuntimeError("the photo of the benchmark was refused")

    def through_the_server() -> None:
        if _call(connection, probe, secret) != _OK:
            raise RuntimeError("the server did not answer the benchmark")

    ways = {"plain": in_a_loop, "overwriting": overwriting, "served": through_the_server}
    taken = {way: median_ms(each) for way, each in take_turns(ways, TURNS, warm_up=5).items()}
    served_ms, loop_ms, overwriting_ms = taken["served"], taken["plain"], taken["overwriting"]
    ratio = served_ms / loop_ms
    return [
        Row(
            "identify through the server, one caller",
            f"{served_ms:.1f} ms",
            f"{loop_ms:.1f} ms, a plain loop",
            f"{ratio:.2f} of it",
            f"≤ {MAX_OVERHEAD:g}",
            ratio <= MAX_OVERHEAD,
        ),
        Row(
            "  beside a loop that overwrites what it frees, too",
            f"{served_ms:.1f} ms",
            f"{overwriting_ms:.1f} ms",
            f"{served_ms / overwriting_ms:.2f} of it",
        ),
    ]


def _under_load(probe: bytes, url: str, pid: int, secrets: list[str], minutes: float) -> list[Row]:
    say(f"{CALLERS} callers for {minutes:g} minutes")
    load, until = _Load(), time.monotonic() + minutes * 60
    callers = [
        threading.Thread(target=_call_until, args=(load, probe, url, secret, until))
        for secret in secrets
    ]
    for caller in callers:
        caller.start()
    time.sleep(min(20.0, minutes * 20))  # until every buffer has grown to what it will be
    early_mib = _resident_mib(pid)
    for caller in callers:
        caller.join()
    late_mib = _resident_mib(pid)
    answered, refused = load.statuses[_OK], load.statuses[_BUSY]
    other = sum(load.statuses.values()) - answered - refused
    p50, p99 = median(load.taken_s), quantiles(load.taken_s, n=100)[98]
    return [
        Row(
            f"{CALLERS} callers, {minutes:g} min: answered",
            f"{answered:,} ({answered / minutes / 60:.1f}/s), {refused:,} told to wait",
            target="no other answer",
            met=other == 0,
        ),
        Row("  p50 and p99 of those answered", f"{p50 * 1e3:.0f} ms, {p99 * 1e3:.0f} ms"),
        Row(
            "  memory of the server, early and at the end",
            f"{early_mib:.0f} MiB, {late_mib:.0f} MiB",
            ratio=f"{late_mib / early_mib:.2f}",
            target="flat: ≤ 1.1",
            met=late_mib <= 1.1 * early_mib,
        ),
    ]


def _call_until(load: _Load, probe: bytes, url: str, secret: str, until: float) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    while (began := time.monotonic()) < until:
        status = _call(connection, probe, secret)
        with load.lock:
            load.statuses[status] += 1
            if status == _OK:
                load.taken_s.append(time.monotonic() - began)
        if status == _BUSY:
            time.sleep(1.0)  # as Retry-After asks


def _call(connection: http.client.HTTPConnection, probe: bytes, secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "image/jpeg"}
    connection.request("POST", _PATH, probe, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def _server(home: Path) -> Iterator[tuple[str, int]]:
    """A server of this home in a process of its own: its address and process id."""
    command = [sys.executable, "-m", "chiso", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _overwriting_loop(home: Path, photo: Path) -> Iterator[Callable[[], None]]:
    """A call that has a process of its own identify once, and waits until it has."""
    command = [sys.executable, "-m", "bench.serving_loop", str(home), str(photo), _PURPOSE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        given, said = process.stdin, process.stdout
        assert given is not None
        assert said is not None

        def answered() -> None:
            if not said.readline():
                raise RuntimeError("the loop of the benchmark ended")

        def identify_once() -> None:
            given.write(b"\n")
            given.flush()
            answered()

        answered()
        yield identify_once


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _peopled(directory: Path, photos: Path) -> Home:
    home, _ = wiring.make_home(directory, "Benchmark", "offline")
    for photo in sorted(photos.glob("*_neutral.jpg"))[:PEOPLE]:
        agreement = enrol.Agreement(
            subject=photo.stem,
            purpose=_PURPOSE,
            modes=frozenset({Mode.IDENTIFY}),
            expires=home.clock.now() + timedelta(days=1),
            evidence_sha256="0" * 64,
        )
        content = enrol.Photo(photo.name, photo.read_bytes())
        if not isinstance(enrol.enrol(home, agreement, [content]), enrol.Enrolled):
            raise RuntimeError(f"{photo} was refused")
    return home


def _key(home: Home, number: int) -> str:
    expires = home.clock.now() + timedelta(days=1)
    scopes: frozenset[Scope] = frozenset()
    wanted = WantedKey(f"caller {number}", Role.VERIFIER, None, scopes, None, expires)
    return issue_key(home, machine_operator(home), wanted).secret


def main() -> int:
    """Measure and print; status 1 where a target is missed, 2 where there are no photos."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, metavar="M", help="of load")
    options = parser.parse_args()
    photos = london.folder()
    if photos is None:
        print("No London photos: name their folder in CHISO_LONDON.", file=sys.stderr)
        return 2
    rows = measured(photos, options.minutes)
    print(as_table(rows))
    return 1 if any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
