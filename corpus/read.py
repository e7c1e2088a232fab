"""Files on disk → raw text and metadata. Cleans nothing and knows nothing of headings."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import DocumentError
from corpus.model import DocumentInfo
from corpus.questions import SUFFIX

SUFFIXES = (".txt", ".md")

# UTF-8 first: its byte patterns are strict, so Shift_JIS text practically never passes as UTF-8. cp932 is Shift_JIS
# with the characters that Japanese Windows adds to it (①, ㈱, 髙), which real files have.
ENCODINGS = ("utf-8-sig", "cp932")

# Far above any plan (the shipped one has 0.1 MB), and far below what would fill the memory.
MAX_FILE_BYTES = 10_000_000
MAX_FOLDER_BYTES = 50_000_000
MAX_DOCUMENTS = 1_000
MAX_ABOUT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A file as it came: decoded, with nothing else done to it. `source_sha256` is over it and what lies beside it.

    `questions` are the bytes of its `.questions.jsonl`, empty without one.
    """

    info: DocumentInfo
    text: str
    is_markdown: bool
    source_sha256: str
    questions: bytes = b""


def document_paths(folder: Path) -> list[Path]:
    """Return every `.txt` and `.md` file of a folder, ordered by name. Sub-folders are not entered.

    Raises:
        DocumentError: the folder is missing or cannot be read, holds no document or more than is allowed, or two files share
            an id.
    """
    if not folder.is_dir():
        raise DocumentError(f"文書のフォルダーがありません: {folder}")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
        size = sum(path.stat().st_size for path in paths)
    except OSError as error:
        raise DocumentError(f"文書のフォルダーを読めません（{error.strerror}）: {error.filename}") from error
    if not paths:
        raise DocumentError(f"文書（.txt か .md）が1つもありません: {folder}")
    ids = [path.stem for path in paths]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise DocumentError(f"同じ名前の文書があります（.txt と .md の片方を消してください）: {', '.join(twice)}")
    if len(paths) > MAX_DOCUMENTS or size > MAX_FOLDER_BYTES:
        limits = f"{MAX_DOCUMENTS}件、{MAX_FOLDER_BYTES / 1e6:.0f} MB まで"
        raise DocumentError(f"文書が多すぎます（{len(paths)}件、{size / 1e6:.0f} MB。{limits}）: {folder}")
    return paths


def read_file(path: Path) -> RawDocument:
    """Read one document and what lies beside it: its `.toml`, without which the file's name is its title, and its questions.

    Raises:
        DocumentError: as `source_hash` does; or the file is empty, in no encoding of `ENCODINGS`, or its metadata has an
            unknown or wrong key.
    """
    data, about, questions = _bytes_of(path)
    text = _decode(path, data)
    if not text.strip():
        raise DocumentError(f"文書が空です: {path}")
    return RawDocument(_read_info(path, about), text, path.suffix == ".md", _hash(data, about, questions), questions)


def source_hash(path: Path) -> str:
    """Return the `source_sha256` of a document. Nothing of it is parsed: what is hostile to a parser does no harm here.

    Raises:
        DocumentError: a file is too large or cannot be read.
    """
    return _hash(*_bytes_of(path))


def _bytes_of(path: Path) -> tuple[bytes, bytes, bytes]:
    """The bytes of a document, of the `.toml` and of the `.questions.jsonl` beside it; empty where there is none."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DocumentError(f"文書が大きすぎます（{MAX_FILE_BYTES / 1e6:.0f} MB まで）: {path}")
        about, questions = (_beside(path.with_suffix(suffix)) for suffix in (".toml", SUFFIX))
        return path.read_bytes(), about, questions
    except OSError as error:
        raise DocumentError(f"文書を読めません（{error.strerror}）: {error.filename}") from error


def _beside(path: Path) -> bytes:
    if not path.exists():
        return b""
    if path.stat().st_size > MAX_ABOUT_BYTES:
        raise DocumentError(f"文書の情報が大きすぎます（{MAX_ABOUT_BYTES / 1e6:.0f} MB まで）: {path}")
    return path.read_bytes()


def _hash(data: bytes, about: bytes, questions: bytes) -> str:
    return hashlib.sha256(b"\0".join([data, about, questions])).hexdigest()


def _decode(path: Path, data: bytes) -> str:
    # UTF-16, and files that are no text, have NUL bytes; cp932 would take them for characters.
    for encoding in () if b"\0" in data else ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError(f"文字コードが分かりません（UTF-8 か Shift_JIS で保存し直してください）: {path}")


def _read_info(path: Path, about: bytes) -> DocumentInfo:
    try:
        return DocumentInfo(**{"title": path.stem, **tomllib.loads(about.decode())}, id=path.stem)
    # A deeply nested value ends the TOML parser by recursion; Pydantic's own errors are ValueErrors, as TOML's are.
    except (ValueError, TypeError, RecursionError) as error:
        raise DocumentError(f"文書の情報を読めません: {path.with_suffix('.toml')}\n{error}") from error
