"""`python -m assistant ask "…"`: one answer on the command line."""

from __future__ import annotations

import argparse
import sys

from assistant.answer import Answer
from assistant.assistant import Turn
from assistant.errors import ConfigurationError, InvalidQuestionError
from assistant.settings import load_settings
from assistant.wiring import build_assistant
from index.errors import IndexUnavailableError, ModelError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed with one message, 2 not a question."""
    parser = argparse.ArgumentParser(prog="python -m assistant", description="Ask the plan.")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="one answer")
    ask.add_argument("question")
    ask.add_argument("--history", action="append", default=[], metavar="QUESTION", help="an earlier question, oldest first")
    ask.add_argument("--json", action="store_true", help="the answer as the API gives it")
    options = parser.parse_args(arguments)
    try:
        assistant = build_assistant(load_settings())
        answer = assistant.ask(options.question, [Turn("user", text) for text in options.history])
    except InvalidQuestionError as error:
        print(error.message, file=sys.stderr)
        return 2
    except (ConfigurationError, IndexUnavailableError, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(answer.model_dump_json(indent=1))
    else:
        _show(answer)
    return 0


def _show(answer: Answer) -> None:
    """Print for a terminal or a pipe; no line is broken, so that a quote stays a quote."""
    if answer.caution:
        print(f"※{answer.caution}\n")
    print(answer.text)
    if answer.short_answer:
        print(f"\n短い答え: {answer.short_answer}")
    for citation in answer.citations:
        print(f"\n[{citation.n}] {citation.title} {' > '.join(citation.section)}\n    {citation.url}")
    for line in answer.contact.lines if answer.contact else ():
        print(f"・{line.name} {line.phone} {line.note}".rstrip())
    if answer.notice:
        print(f"\n※{answer.notice}")


if __name__ == "__main__":
    sys.exit(main())
