"""The `chiso` command: runs a command, and turns what went wrong into words and a status."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType

import typer

from chiso import __version__
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.output import emit, error_document, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `chiso` with these arguments (the process's own by default); returns the exit status."""
    interrupts: list[int] = []
    _remember_interrupts(interrupts)
    words = _command_first(sys.argv[1:] if arguments is None else arguments)
    wants_json = "--json" in words
    try:
        from chiso.interfaces.cli.app import app

        result = app(args=words, prog_name="chiso", standalone_mode=False)
        return int(result) if isinstance(result, int) else Exit.DONE
    except ChisoError as error:
        return _failed(error_document(error), EXIT_OF_KIND[error.kind], wants_json)
    except typer.TyperException as error:
        return _wrong_usage(error, wants_json)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        # Whoever read our output stopped reading; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 - the last resort: a bug becomes status 70
        if interrupts:  # a library on its way up turned Ctrl-C into an error of its own
            return _interrupted()
        traceback.print_exc()
        document = {
            "code": "internal",
            "message": f"This is a bug in Chiso {__version__}: {type(error).__name__}: {error}.",
            "hint": "Please report it with the lines above; they hold no photo and no template.",
        }
        return _failed(document, Exit.BUG, wants_json)


def _remember_interrupts(seen: list[int]) -> None:
    """Let Ctrl-C do what it does, and leave a note of it."""

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, note)


def _interrupted() -> int:
    say("Interrupted. Whatever was reported as done stays done; nothing is half done.")
    return Exit.INTERRUPTED


def _command_first(words: Sequence[str]) -> list[str]:
    """`chiso --home DIR --json verify …` is understood as `chiso verify … --home DIR --json`."""
    rest, leading = list(words), list[str]()
    while rest and (rest[0] in ("--home", "--json") or rest[0].startswith("--home=")):
        count = 2 if rest[0] == "--home" else 1
        leading += rest[:count]
        rest = rest[count:]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *leading, *rest[end:]]


def _failed(document: dict[str, str], status: Exit, wants_json: bool) -> int:
    if wants_json:
        emit({"error": document})
    say(f"chiso: {document['message']}\n       {document['hint']}")
    return status


def _wrong_usage(error: typer.TyperException, wants_json: bool) -> int:
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is not None and error.message == context.get_help():
        say(error.message)  # a group of commands was called without one: that is a question
        return Exit.USAGE
    command = "chiso" if context is None else context.command_path
    document = {
        "code": Code.BAD_ARGUMENT.value,
        "message": f"{error.format_message().rstrip('.')}.",
        "hint": f"`{command} --help` shows an example.",
    }
    return _failed(document, Exit.USAGE, wants_json)


if __name__ == "__main__":
    sys.exit(main())
