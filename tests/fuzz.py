"""`python -m tests.fuzz PART`: bytes that coverage guides (atheris) against what reads documents and questions; `make fuzz`.

No error may come out but the one that says what is wrong with a document or a question, and nothing may take seconds. What
libFuzzer finds it writes into the current folder and ends with a status that is not 0.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["assistant", "corpus", "index.lexical", "markdown_it"]):
    from assistant.asked import find_value, what_is_asked
    from assistant.errors import InvalidQuestionError
    from assistant.language import detect_language
    from assistant.personal_data import mask, refuse_identifiers
    from assistant.question import parse_question
    from assistant.route import load_router
    from assistant.spelling import Spelling
    from assistant.topic import terms_meant, topic_of
    from corpus.clean import clean
    from corpus.errors import DocumentError
    from corpus.passages import split_passages
    from corpus.read import read_file
    from corpus.sections import place_blocks

SLOWEST_S = 10
MOST_BYTES = 8_192
ROUTER = load_router()
PLAN = "民生委員が再犯防止に取り組み、認知症サポーター養成講座を開いた。"
SPELLING = Spelling(("再犯防止", "民生委員", "認知症", "講座"), [PLAN])
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def read(name: str, data: bytes, about: bytes = b"") -> None:
    """Read a document from a file, and hold what came of it against the document's own text."""
    path = FOLDER / name
    path.write_bytes(data)
    path.with_suffix(".toml").write_bytes(about)
    try:
        raw = read_file(path)
    except DocumentError:
        return
    document = place_blocks(raw.info, clean(raw), raw.source_sha256)
    assert all(document.text[block.start : block.end].strip() for block in document.blocks)
    for passage in split_passages(document):
        assert document.text[passage.start : passage.end] == passage.text
        for sentence in passage.sentences:
            assert document.text[sentence.start : sentence.end] == sentence.text


def ask(data: bytes) -> None:
    """Take a text through all that looks at a question before anything is searched."""
    text = data.decode("utf-8", "surrogatepass" if len(data) % 2 else "ignore")
    mask(text[:MOST_BYTES])
    try:
        question = refuse_identifiers(parse_question(text))
    except InvalidQuestionError:
        return
    assert parse_question(question.text) == question
    ROUTER.route(question)
    detect_language(question.text)
    SPELLING.read_alike(question.text)
    SPELLING.corrected(question.text)
    topic_of(question.text)
    terms_meant(question.text)
    span = find_value(what_is_asked(question.text), question.text)
    assert span is None or 0 <= span[0] < span[1] <= len(question.text)


def _decodable(given: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        try:
            given(data)
        except UnicodeDecodeError:
            # Of bytes that are no text no question is made.
            return

    return run


PARTS: dict[str, Callable[[bytes], None]] = {
    "markdown": lambda data: read("a.md", data),
    "text": lambda data: read("a.txt", data),
    "windows": lambda data: read("b.txt", data, b'layout = "overlapping-windows"'),
    "metadata": lambda data: read("c.txt", "# 目標\n\n本文です。".encode(), data),
    "question": _decodable(ask),
}


def main() -> None:
    """Fuzz one part, with libFuzzer's own options behind its name; never returns."""
    part, options = sys.argv[1], sys.argv[2:]
    limits = [f"-timeout={SLOWEST_S}", f"-max_len={MOST_BYTES}", "-rss_limit_mb=4096"]
    atheris.Setup([part, *limits, *options], PARTS[part])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
