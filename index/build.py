"""`build_index`: documents on disk → a verified index generation. One of the two functions that are the product."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np

from corpus.documents import read_documents
from corpus.errors import DocumentError
from corpus.model import Document, Passage
from corpus.passages import split_passages
from corpus.read import document_paths, source_hash
from index.embed import IdentifiedEmbeddings, Vectors, embed_all
from index.errors import IndexUnavailableError
from index.generation import Contents, check_sources, check_versions, read_manifest, write_generation
from index.lexical import BM25
from index.search_index import Questions, terms_of

# Called with (what is being done, steps done now, steps in all) as the work goes on.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made: the generation's folder and the size of what is in it."""

    generation: Path
    documents: int
    passages: int
    sentences: int


def build_index(
    documents_folder: Path,
    out: Path,
    embeddings: IdentifiedEmbeddings,
    progress: Progress = lambda task, done, total: None,
) -> BuildReport:
    """Build an index over all documents of a folder and make it the current generation under `out`.

    Raises:
        DocumentError: a document cannot be read, or none has any text.
    """
    documents = read_documents(documents_folder)
    passages = [passage for document in documents for passage in split_passages(document)]
    if not passages:
        raise DocumentError(f"文書に本文がありません: {documents_folder}")
    return index_passages(documents, passages, out, embeddings, progress)


def index_passages(
    documents: Sequence[Document],
    passages: Sequence[Passage],
    out: Path,
    embeddings: IdentifiedEmbeddings,
    progress: Progress = lambda task, done, total: None,
) -> BuildReport:
    """Embed passages, sentences, titles and anticipated questions, index terms, and write a generation under `out`."""
    terms = [terms_of(passage) for passage in passages]
    by_document: dict[str, list[str]] = {document.info.id: [] for document in documents}
    for passage, entry in zip(passages, terms, strict=True):
        by_document[passage.document_id].extend(entry.all())
    sentences = [sentence.text for passage in passages for sentence in passage.sentences]

    def embed(task: str, texts: Sequence[str]) -> Vectors:
        return embed_all(embeddings, texts, lambda count: progress(task, count, len(texts)))

    contents = Contents(
        model=embeddings.identity,
        documents=documents,
        passages=passages,
        passage_terms=terms,
        passage_vectors=embed("段落", [f"{passage.context}\n{passage.text}".strip() for passage in passages]),
        sentence_vectors=embed("文", sentences),
        title_vectors=_title_vectors(documents, passages, lambda texts: embed("題名", texts)),
        questions=_questions(documents, passages, lambda texts: embed("想定質問", texts)),
        bm25=BM25.build([entry.all() for entry in terms]),
        document_bm25=BM25.build(list(by_document.values())),
    )
    return BuildReport(write_generation(out, contents), len(documents), len(passages), len(sentences))


def _title_vectors(
    documents: Sequence[Document], passages: Sequence[Passage], embed: Callable[[Sequence[str]], Vectors]
) -> Vectors:
    """One row a passage, each title embedded once; where a file's name is all the title there is, zeros, near nothing."""
    titles = {document.info.id: document.info.title for document in documents if document.info.title != document.info.id}
    vectors = embed(list(titles.values()))
    row_of = {document_id: row for row, document_id in enumerate(titles)}
    rows = np.zeros((len(passages), vectors.shape[1]), dtype=np.float32)
    for here, passage in enumerate(passages):
        if passage.document_id in row_of:
            rows[here] = vectors[row_of[passage.document_id]]
    return rows


def _questions(
    documents: Sequence[Document], passages: Sequence[Passage], embed: Callable[[Sequence[str]], Vectors]
) -> Questions:
    """The documents' questions, each with the sentences that its answers touch."""
    sentences: dict[str, list[tuple[int, int, int]]] = {}
    start_of = itemgetter(0)
    places = ((passage.document_id, sentence) for passage in passages for sentence in passage.sentences)
    for row, (document_id, sentence) in enumerate(places):
        sentences.setdefault(document_id, []).append((sentence.start, sentence.end, row))
    asked = [(document.info.id, question) for document in documents for question in document.questions]
    pairs: list[tuple[int, int]] = []
    for number, (document_id, question) in enumerate(asked):
        there = sentences.get(document_id, [])
        rows = {
            row
            for first, last in question.answers
            # Sentences stand in their order and do not overlap: those that begin before the answer's end, from its own on.
            for _, end, row in there[
                max(0, bisect_right(there, first, key=start_of) - 1) : bisect_left(there, last, key=start_of)
            ]
            if first < end
        }
        pairs += [(number, row) for row in sorted(rows)]
    texts = tuple(question.text for _, question in asked)
    return Questions(texts, embed(texts), np.array(pairs, dtype=np.int64).reshape(len(pairs), 2))


def is_up_to_date(documents_folder: Path, out: Path, embeddings: IdentifiedEmbeddings) -> bool:
    """Whether the current generation was built from these very documents, with this model and this code's versions."""
    try:
        _, manifest = read_manifest(out)
        check_versions(manifest, embeddings.identity)
        check_sources(manifest, source_hashes(documents_folder))
    except IndexUnavailableError:
        return False
    return True


def source_hashes(documents_folder: Path) -> dict[str, str]:
    """Document id → sha256 of its files, as the manifest has them; none is parsed in this process.

    Raises:
        DocumentError: as `document_paths` and `source_hash` do.
    """
    return {path.stem: source_hash(path) for path in document_paths(documents_folder)}
