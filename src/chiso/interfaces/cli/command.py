"""Runs one command, and turns what went wrong into words and a status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from chiso import __version__
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.exits import EXIT_OF_KIND, Exit
from chiso.interfaces.cli.output import emit, error_document, say


def run(arguments: Sequence[str], interrupts: Sequence[int], is_own: bool) -> int:
    """Run `chiso` with these arguments; returns the exit status.

    `is_own`: whether this process is there for nothing else, so that it may start itself again.
    `interrupts` fills where Ctrl-C was pressed. Raises KeyboardInterrupt where that ended the
    command, whatever a library made of it on its way up.
    """
    words = _command_first(arguments)
    try:
        from chiso.interfaces.cli.app import app

        result = app(args=words, prog_name="chiso", standalone_mode=False, obj=is_own)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except Exception as error:  # the last resort: a bug becomes status 70
        if interrupts:
            raise KeyboardInterrupt from error
        return _told(error, "--json" in words)
    if result == Exit.INTERRUPTED:  # typer's own answer to Ctrl-C, without a word
        raise KeyboardInterrupt
    return int(result) if isinstance(result, int) else Exit.DONE


def _told(error: Exception, wants_json: bool) -> int:
    match error:
        case ChisoError():
            return _failed(error_document(error), EXIT_OF_KIND[error.kind], wants_json)
        case typer.TyperException():
            return _wrong_usage(error, wants_json)
        case BrokenPipeError():
            # Whoever read our output stopped reading; keep the interpreter from complaining at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.DONE
    traceback.print_exception(error)
    document = {
        "code": "internal",
        "message": f"This is a bug in Chiso {__version__}: {type(error).__name__}: {error}.",
        "hint": "Please report it with the lines above; they hold no photo and no template.",
    }
    return _failed(document, Exit.BUG, wants_json)


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
