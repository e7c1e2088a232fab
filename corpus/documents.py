"""A folder of documents → cleaned documents, read in a process of its own that may take so much time and memory and no more.

Parsers of Markdown and HTML have inputs that take them hours. Whoever prepares such a file ends that process, not the build.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from corpus.clean import clean
from corpus.errors import DocumentError
from corpus.model import Document
from corpus.questions import SUFFIX, read_questions
from corpus.read import document_paths, read_file
from corpus.sections import place_blocks

# Markdown of 4 MB takes 1.5 s and 0.12 GB; the largest file that is allowed has 10 MB.
SECONDS_A_DOCUMENT = 60
MEMORY_BYTES = 2 * 1024**3
_DOCUMENT = TypeAdapter(Document)


def read_documents(folder: Path, *, seconds_a_document: int = SECONDS_A_DOCUMENT) -> list[Document]:
    """Read and clean all documents of a folder, in the order of their names. One that cannot be read ends it.

    A plan of which a part is silently missing would answer wrongly, so none is left out.

    Raises:
        DocumentError: as `document_paths` and `read_file` do; or a document takes too much time or memory. It is named.
    """
    paths = [path.absolute() for path in document_paths(folder)]
    asked = json.dumps({"paths": [str(path) for path in paths], "seconds": seconds_a_document})
    done = subprocess.run(
        [sys.executable, "-m", "corpus.documents"],
        input=asked.encode(),
        capture_output=True,
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    documents: list[Document] = []
    # Of what was being written when the process ended there is no end of the line.
    for path, line in zip(paths, done.stdout.split(b"\n")[:-1], strict=False):
        row = json.loads(line)
        if "error" in row:
            raise DocumentError(row["error"] or _unreadable(path))
        documents.append(_DOCUMENT.validate_json(line))
    if done.returncode > 0:
        # No document: the program itself could not run. A limit ends it by a signal.
        *_, last = ["", *done.stderr.decode("utf-8", "replace").splitlines()]
        raise DocumentError(f"文書を読み取るプログラムが動きません: {last}")
    if len(documents) < len(paths):
        raise DocumentError(_unreadable(paths[len(documents)]))
    return documents


def _unreadable(path: Path) -> str:
    return f"文書の読み取りに時間かメモリーがかかりすぎるか、形が壊れています: {path}"


def _read_all(paths: list[Path], seconds: int) -> None:
    """Write each document as one JSON on a line, or what is wrong with it, and then end; nothing else is ever written."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    for path in paths:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)
        try:
            raw = read_file(path)
            document = place_blocks(raw.info, clean(raw), raw.source_sha256)
            questions = read_questions(path.with_suffix(SUFFIX), raw.questions, document.text)
            line = _DOCUMENT.dump_json(replace(document, questions=questions))
        except DocumentError as error:
            line = json.dumps({"error": str(error)}).encode()
        except Exception:
            # Whatever a parser stumbles over is the document's fault; the message names it.
            line = b'{"error": ""}'
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()


def _limit(what: int, most: int) -> None:
    """Set a limit, or leave the narrower one that this machine's operator has set."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    given = json.load(sys.stdin)
    _read_all([Path(path) for path in given["paths"]], given["seconds"])
