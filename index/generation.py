"""Index generations on disk: written whole or not at all, verified before use, swapped by one pointer.

A generation is a folder named by the sha256 of its manifest, and the manifest holds size and sha256 of every other file.
`current` is a symbolic link to the one in use, `previous` to the one before. Nothing here can run code when it is read: JSON
lines and plain arrays.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus import TEXT_VERSION
from corpus.model import Document, DocumentInfo, Passage, PlacedBlock, Sentence
from index.embed import ModelIdentity, Vectors
from index.errors import IndexUnavailableError
from index.lexical import BM25, TOKENIZER_VERSION
from index.search_index import PassageTerms, Questions, SearchIndex

FORMAT = 4
# Two generations are kept: the one in use, and the one before it, so that a bad build can be undone.
CURRENT, PREVIOUS = "current", "previous"
ROLLED_BACK = "rolled_back"  # a file with the name of the generation that an operator went back to
BUILD_COMMAND = "python -m index build"

_ARRAYS = ("passage_vectors", "sentence_vectors", "title_vectors")


class _FileEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a generation was made from and what it consists of. The same input gives the same manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int = FORMAT
    text_version: int = TEXT_VERSION
    tokenizer: str = TOKENIZER_VERSION
    model: dict[str, str | int]
    sources: dict[str, str]
    passages: int
    sentences: int
    files: dict[str, _FileEntry]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that an index holds, before it is written."""

    model: ModelIdentity
    documents: Sequence[Document]
    passages: Sequence[Passage]
    passage_terms: Sequence[PassageTerms]
    passage_vectors: Vectors
    sentence_vectors: Vectors
    title_vectors: Vectors
    questions: Questions
    bm25: BM25
    document_bm25: BM25


def write_generation(root: Path, contents: Contents) -> Path:
    """Write a generation, make it the current one, and remove those that are no longer kept.

    A build that dies at any point leaves the current generation as it was; the next one clears away what it left.
    """
    root.mkdir(parents=True, exist_ok=True)
    with only_builder(root):
        _clear_away(root)
        folder = Path(tempfile.mkdtemp(dir=root, prefix=".building-"))
        folder.chmod(0o755)  # mkdtemp lets only its owner in, but another user may serve what this one builds
        try:
            _write_files(folder, contents)
            manifest = _describe(folder, contents)
            text = manifest.model_dump_json(indent=1).encode()
            (folder / "manifest.json").write_bytes(text)
            for path in [*_files(folder), folder]:
                _sync(path)
            generation = root / hashlib.sha256(text).hexdigest()[:16]
            if generation.exists():
                shutil.rmtree(folder)
            else:
                folder.rename(generation)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _point_to(root, generation)
        _remove_old(root)
    return generation


def roll_back(root: Path) -> Path:
    """Make the generation before the current one, verified first, and return it; once more undoes it.

    Raises:
        IndexUnavailableError: there is none before, or it is damaged; the current one stays.
    """
    root.mkdir(parents=True, exist_ok=True)
    with only_builder(root):
        before = root / PREVIOUS
        if not before.is_dir() or before.resolve() == (root / CURRENT).resolve():
            raise IndexUnavailableError("前の索引がありません。いまの索引をそのまま使います。")
        folder, manifest = read_manifest(root, PREVIOUS)
        check_files(folder, manifest)
        (root / ROLLED_BACK).write_text(folder.name, encoding="ascii")
        _point_to(root, folder)
    return folder


def is_rolled_back(root: Path) -> bool:
    """Whether an operator went back to the current generation, so that it may be older than the documents."""
    try:
        return (root / ROLLED_BACK).read_text(encoding="ascii") == (root / CURRENT).resolve().name
    except (OSError, UnicodeDecodeError):
        return False


def read_manifest(root: Path, generation: str = CURRENT) -> tuple[Path, Manifest]:
    """Return a generation's folder and manifest, the rest of it unread.

    Args:
        root: the folder of the generations.
        generation: a generation's name, or one of the pointers.

    Raises:
        IndexUnavailableError: there is no such generation, or its manifest is damaged or of another format.
    """
    pointer = root / generation
    if not pointer.is_dir() or pointer.resolve().parent != root.resolve():
        missing = "索引がありません" if generation == CURRENT else f"索引がありません（{generation}）"
        raise IndexUnavailableError(f"{missing}。作るには: {BUILD_COMMAND}")
    folder = pointer.resolve()
    try:
        data = (folder / "manifest.json").read_bytes()
        manifest = Manifest.model_validate_json(data)
    except (OSError, ValidationError) as error:
        raise _damaged("manifest.json") from error
    if hashlib.sha256(data).hexdigest()[:16] != folder.name:
        raise _damaged("manifest.json")
    return folder, manifest


def load_generation(root: Path, model: ModelIdentity | None, generation: str = CURRENT) -> SearchIndex:
    """Load a generation, all of it verified first.

    Args:
        root: of the generations.
        model: the one that questions are embedded with; None where there is none, and the index serves words alone.

    Raises:
        IndexUnavailableError: it is missing, damaged, or was built by another version or with another model.
    """
    folder, manifest = read_manifest(root, generation)
    model = model or ModelIdentity(**manifest.model)  # type: ignore[arg-type]
    check_versions(manifest, model)
    check_files(folder, manifest)
    try:
        return _load(folder, manifest, model)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        # Checksums hold, but these are not the files that this program writes; or a newer build has just removed them.
        raise _damaged(folder.name) from error


def _load(folder: Path, manifest: Manifest, model: ModelIdentity) -> SearchIndex:
    arrays: dict[str, Vectors] = {
        name: np.load(folder / f"{name}.npy", allow_pickle=False).astype(np.float32, copy=False) for name in _ARRAYS
    }
    documents = [_document(row) for row in _read_lines(folder / "documents.jsonl")]
    rows = list(_read_lines(folder / "passages.jsonl"))
    texts = {document.info.id: document.text for document in documents}
    return SearchIndex(
        version=folder.name,
        model=model,
        documents={document.info.id: document for document in documents},
        passages=[_passage(row, texts[row["document_id"]]) for row in rows],
        passage_terms=[
            PassageTerms(tuple(row["context_terms"]), tuple(tuple(terms) for terms in row["sentence_terms"])) for row in rows
        ],
        questions=Questions(
            tuple(row["text"] for row in _read_lines(folder / "questions.jsonl")),
            np.load(folder / "question_vectors.npy", allow_pickle=False),
            np.load(folder / "question_answers.npy", allow_pickle=False),
        ),
        bm25=BM25.load(folder / "bm25", manifest.passages),
        document_bm25=BM25.load(folder / "document_bm25", len(documents)),
        **arrays,
    )


def check_versions(manifest: Manifest, model: ModelIdentity) -> None:
    """Raise IndexUnavailableError where the index was built with anything else than what is installed now."""
    if (manifest.format, manifest.text_version, manifest.tokenizer) != (FORMAT, TEXT_VERSION, TOKENIZER_VERSION):
        raise IndexUnavailableError(f"索引が古い版で作られています。作り直すには: {BUILD_COMMAND}")
    if manifest.model != asdict(model):
        raise IndexUnavailableError(
            f"索引は別のモデルで作られています（索引 {_short(manifest.model)}、設定 {_short(asdict(model))}）。"
            f"作り直すには: {BUILD_COMMAND}"
        )


def check_sources(manifest: Manifest, sources: Mapping[str, str]) -> None:
    """Raise IndexUnavailableError where the documents are others than those that the index was built from."""
    if manifest.sources != dict(sources):
        raise IndexUnavailableError(f"文書が索引を作ったときから変わっています。作り直すには: {BUILD_COMMAND}")


def _short(model: Mapping[str, str | int]) -> str:
    return f"{model.get('name')} {str(model.get('weights_sha256'))[:12]}"


def _damaged(name: str) -> IndexUnavailableError:
    return IndexUnavailableError(f"索引が壊れています（{name}）。作り直すには: {BUILD_COMMAND} --force")


def _write_files(folder: Path, contents: Contents) -> None:
    _write_lines(folder / "documents.jsonl", (_document_row(document) for document in contents.documents))
    _write_lines(
        folder / "passages.jsonl",
        (_passage_row(*pair) for pair in zip(contents.passages, contents.passage_terms, strict=True)),
    )
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(contents, name), allow_pickle=False)
    _write_lines(folder / "questions.jsonl", ({"text": text} for text in contents.questions.texts))
    np.save(folder / "question_vectors.npy", contents.questions.vectors, allow_pickle=False)
    np.save(folder / "question_answers.npy", contents.questions.answers, allow_pickle=False)
    contents.bm25.save(folder / "bm25")
    contents.document_bm25.save(folder / "document_bm25")


def _describe(folder: Path, contents: Contents) -> Manifest:
    return Manifest(
        model=asdict(contents.model),
        sources={document.info.id: document.source_sha256 for document in contents.documents},
        passages=len(contents.passages),
        sentences=len(contents.sentence_vectors),
        files={
            path.relative_to(folder).as_posix(): _FileEntry(size=path.stat().st_size, sha256=_hash(path))
            for path in _files(folder)
        },
    )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise IndexUnavailableError where a file is missing, is one too many, or is not the one that was written."""
    found = {path.relative_to(folder).as_posix() for path in _files(folder)} - {"manifest.json"}
    for name in sorted(found ^ set(manifest.files)):
        raise _damaged(name)
    for name, entry in manifest.files.items():
        path = folder / name
        try:
            sound = path.stat().st_size == entry.size and _hash(path) == entry.sha256
        except OSError as error:
            raise _damaged(name) from error
        if not sound:
            raise _damaged(name)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _point_to(root: Path, generation: Path) -> None:
    """Move the pointers, each in one step: a reader sees the old generation or the new one, never none."""
    current = (root / CURRENT).resolve()
    if current != generation.resolve():
        if current.is_dir():
            _link(root, PREVIOUS, current)
        _link(root, CURRENT, generation)
    _sync(root)


def _link(root: Path, name: str, generation: Path) -> None:
    link = root / f".{name}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(generation.name)
    link.replace(root / name)


def _clear_away(root: Path) -> None:
    """Remove what builds have left that died."""
    for leftover in root.glob(".building-*"):
        shutil.rmtree(leftover)
    for name in (CURRENT, PREVIOUS):
        for link in root.glob(f".{name}-*"):
            link.unlink()


def _remove_old(root: Path) -> None:
    kept = {(root / CURRENT).resolve(), (root / PREVIOUS).resolve()}
    for path in root.iterdir():
        if path.is_dir() and not path.is_symlink() and path.resolve() not in kept:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def only_builder(root: Path) -> Iterator[None]:
    """Hold the build lock of this folder; a second builder waits for the first."""
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "info": document.info.model_dump(mode="json"),
        "text": document.text,
        "blocks": [[block.kind, block.level, block.start, block.end] for block in document.blocks],
        "source_sha256": document.source_sha256,
    }


def _document(row: dict[str, Any]) -> Document:
    blocks = tuple(PlacedBlock(*block) for block in row["blocks"])
    return Document(DocumentInfo.model_validate(row["info"]), row["text"], blocks, row["source_sha256"])


def _passage_row(passage: Passage, terms: PassageTerms) -> dict[str, Any]:
    return {
        "id": passage.id,
        "document_id": passage.document_id,
        "section": list(passage.section),
        "caption": passage.caption,
        "start": passage.start,
        "end": passage.end,
        "quotable": passage.quotable,
        "sentences": [[sentence.start, sentence.end] for sentence in passage.sentences],
        "context_terms": list(terms.context),
        "sentence_terms": [list(sentence) for sentence in terms.sentences],
    }


def _passage(row: dict[str, Any], text: str) -> Passage:
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        section=tuple(row["section"]),
        caption=row["caption"],
        start=row["start"],
        end=row["end"],
        text=text[row["start"] : row["end"]],
        quotable=row["quotable"],
        sentences=tuple(Sentence(start, end, text[start:end]) for start, end in row["sentences"]),
    )
