import csv
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import pytest

from chiso.adapters import london as packaged
from chiso.adapters.london import originals
from chiso.adapters.london.originals import Original, fetch, is_complete
from chiso.core.errors import ChisoError, Code

PHOTOS = {
    "/inst/neutral_front/001_03.jpg": b"neutral",
    "/inst/smiling_front/001_08.jpg": b"smiling",
}


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server with two photos; its address."""
    monkeypatch.setattr(originals, "originals", _two)

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(404)

        def do_GET(self) -> None:
            body = PHOTOS[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _two() -> tuple[Original, ...]:
    return tuple(
        Original(hashlib.sha256(body).hexdigest(), len(body), path[1:], name)
        for (path, body), name in zip(
            PHOTOS.items(), ("001_neutral.jpg", "001_smiling.jpg"), strict=True
        )
    )


def test_every_listed_person_has_a_neutral_photo_and_a_smiling_one() -> None:
    listed = resources.files(packaged).joinpath("people.csv").read_text().splitlines()
    subjects = [row["subject"] for row in csv.DictReader(listed)]
    names = sorted(each.name for each in originals.originals())
    assert len(subjects) == 53
    assert names == sorted(
        f"{who}_{face}.jpg" for who in subjects for face in ("neutral", "smiling")
    )


def test_the_packaged_list_is_the_one_beside_the_photos(london: Path) -> None:
    for name in ("people.csv", "originals.sha256"):
        assert resources.files(packaged).joinpath(name).read_bytes() == (london / name).read_bytes()


def test_fetched_photos_have_the_names_that_a_folder_of_volunteers_has(
    publisher: str, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    assert not is_complete(tmp_path)

    fetch(tmp_path, lambda done, total: seen.append((done, total)), publisher)

    assert is_complete(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {
        "001_neutral.jpg",
        "001_smiling.jpg",
        "people.csv",
        "README.md",
    }
    assert seen == sorted(seen)
    assert seen[-1] == (14, 14)


def test_other_bytes_than_the_listed_ones_are_not_kept(
    publisher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Original("0" * 64, 7, "inst/smiling_front/001_08.jpg", "001_smiling.jpg")
    monkeypatch.setattr(originals, "originals", lambda: (wrong,))

    with pytest.raises(ChisoError) as caught:
        fetch(tmp_path, lambda _done, _total: None, publisher)

    assert caught.value.code is Code.DIGEST_MISMATCH
    assert list(tmp_path.iterdir()) == []


def test_a_publisher_that_does_not_answer_is_told_apart_at_once(tmp_path: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        fetch(tmp_path, lambda _done, _total: None, "http://127.0.0.1:9")
    assert caught.value.code is Code.NO_NETWORK
    assert list(tmp_path.iterdir()) == []
