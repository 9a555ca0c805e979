"""`chiso witness init | trust | logs | serve`: running a witness of other people's logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring_witness
from chiso.account.checkpoint import vkey_text
from chiso.core.times import from_epoch_s, to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import JsonOption
from chiso.interfaces.cli.output import emit, say, show, show_exactly
from chiso.services import witness as witnesses
from chiso.services.witness import Watched

_PORT = 8732

app = typer.Typer(
    help=(
        "Be a witness: watch that logs of homes only ever grow, and sign that they do.\n\n"
        "A witness needs no home and sees no person: sizes, hashes and signatures are all it gets. "
        "docs/witness.md says what it can prove and what not."
    ),
    no_args_is_help=True,
)

_DirOption = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="The witness's own folder.", readable=False)
]


@app.command("init")
def init(
    directory: _DirOption,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="What it is called, like an address: no spaces."
        ),
    ],
    json: JsonOption = False,
) -> int:
    """Make a witness, and print the key that those who rely on it need.

    Example: chiso witness init --dir ./witness --name witness.example.org/first
    """
    vkey = vkey_text(wiring_witness.make_witness(directory, name).key)
    if json:
        emit({"witness": name, "vkey": vkey, "dir": str(directory)})
        return Exit.DONE
    show_exactly(vkey)
    say(
        "Hand this key to those who rely on the witness, by a way of which they are sure. Next: "
        f"`chiso witness trust --dir {directory} KEY`, with the key of each log."
    )
    return Exit.DONE


@app.command("trust")
def trust(
    vkey: Annotated[
        str, typer.Argument(help="The log's key: `chiso log witness vkey` prints it there.")
    ],
    directory: _DirOption,
    json: JsonOption = False,
) -> int:
    """Serve a log: cosign its checkpoints from now on, as long as it only grows.

    Example: chiso witness trust --dir ./witness chiso/1f0c…+b53f7e33+AQOh…
    """
    log = witnesses.trust(wiring_witness.open_witness(directory), vkey)
    if json:
        emit(_log_document(log))
    else:
        show(f"Serves {log.key.name}, of which it has seen {log.checkpoint.size} leaves.")
    return Exit.DONE


@app.command("logs")
def logs(directory: _DirOption, json: JsonOption = False) -> int:
    """Which logs are served, what was last cosigned of each, and what was refused.

    A refused checkpoint carries the log's own signature. Status 5 where one proves that its log
    showed two histories.

    Example: chiso witness logs --dir ./witness
    """
    witness = wiring_witness.open_witness(directory)
    known = witnesses.logs(witness)
    if json:
        documents = [_log_document(log) for log in known]
        emit({"witness": witness.key.name, "vkey": vkey_text(witness.key), "logs": documents})
    else:
        show_exactly(f"{witness.key.name}: {vkey_text(witness.key)}")
        for log in known:
            _show_log(log)
    forked = any(log.refused and log.refused.is_proof for log in known)
    return Exit.INTEGRITY if forked else Exit.DONE


@app.command("serve")
def serve(
    directory: _DirOption,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="0 takes any that is free.", min=0)
    ] = _PORT,
    json: JsonOption = False,
) -> int:
    """Answer logs that ask for a cosignature, until Ctrl-C. One line a request on standard error.

    Listens on this machine alone, unless --host says otherwise. For the internet, put a web server
    with HTTPS in front of it.

    Example: chiso witness serve --dir ./witness --port 8732
    """
    witness = wiring_witness.open_witness(directory)
    witnesses.logs(witness)  # an edited state is told at once, not at the first request
    server = wiring_witness.witness_server(witness, host, port, say)
    try:
        if json:
            emit({"witness": witness.key.name, "vkey": vkey_text(witness.key), "url": server.url})
        else:
            say(f"{witness.key.name} listens at {server.url}, until Ctrl-C.")
        server.serve_forever()
    except KeyboardInterrupt:
        say("Stopped. What was seen is on disk.")
    finally:
        server.server_close()
    return Exit.DONE


def _log_document(log: Watched) -> dict[str, object]:
    return {
        "origin": log.key.name,
        "vkey": vkey_text(log.key),
        "size": log.checkpoint.size,
        "root": log.checkpoint.root.hex(),
        "checkpoint": log.note,
        "refused": None
        if log.refused is None
        else {
            "at": to_text(from_epoch_s(log.refused.at_s)),
            "checkpoint": log.refused.note,
            "is_proof": log.refused.is_proof,
        },
    }


def _show_log(log: Watched) -> None:
    if log.note is None:
        show_exactly(f"\n{log.key.name}: nothing cosigned yet")
    else:
        show_exactly(
            f"\n{log.key.name}: {log.checkpoint.size} leaves cosigned\n{log.note.rstrip()}"
        )
    if log.refused is None:
        return
    why = (
        "another tree of this size: THE LOG SHOWED TWO HISTORIES, and signed both"
        if log.refused.is_proof
        else "not shown to go on from what was cosigned: ask whoever runs the log for that proof"
    )
    show_exactly(f"refused {to_text(from_epoch_s(log.refused.at_s))}, {why}\n{log.refused.note}")
