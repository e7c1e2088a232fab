"""Retrieval quality on any data set in BEIR's layout, through the project's own index and retriever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import AP, RR, R, nDCG

from assistant.retrieve import HybridRetriever
from corpus.clean import clean
from corpus.model import Block, Document, DocumentInfo
from corpus.passages import split_passages
from corpus.read import RawDocument
from corpus.sections import place_blocks
from index.build import Progress, index_passages
from index.embed import IdentifiedEmbeddings
from index.generation import load_generation

# Passages that are read for one query; documents are ranked by their best passage, so that it takes more of them than of
# documents. 200 passages gave at least 100 documents for every query of the bulletins.
PASSAGES_PER_QUERY = 200
DOCUMENTS_PER_QUERY = 100

# As ir_measures defines them: a query without any judged document is left out, one without a hit counts 0.
MEASURES = (R @ 10, R @ 100, RR @ 10, nDCG @ 10, AP @ 100)


class DataSetError(Exception):
    """A folder is not in BEIR's layout."""


def measure_retrieval(
    folder: Path,
    split: str,
    embeddings: IdentifiedEmbeddings,
    out: Path,
    progress: Progress = lambda task, done, total: None,
) -> dict[str, Any]:
    """Index the corpus of a BEIR folder under `out`, search every judged query, and return the figures.

    Also writes `run.jsonl` (a ranking a line) and `metrics.json` into `out`.

    Raises:
        DataSetError: a file is missing or a line is not of the layout.
    """
    try:
        documents = [_document(row) for row in _lines(folder / "corpus.jsonl")]
        queries = {str(row["_id"]): str(row["text"]) for row in _lines(folder / "queries.jsonl")}
        judged = list(_judgements(folder / "qrels" / f"{split}.tsv"))
    except (OSError, KeyError, ValueError) as error:
        raise DataSetError(f"{folder}: BEIR の形ではありません（{error}）") from error
    passages = [passage for document in documents for passage in split_passages(document)]
    index_passages(documents, passages, out / "index", embeddings, progress)
    index = load_generation(out / "index", embeddings.identity)
    retriever = HybridRetriever(index=index, embeddings=embeddings, k=PASSAGES_PER_QUERY)
    asked = sorted({judgement.query_id for judgement in judged} & queries.keys())
    ranking: list[ir_measures.ScoredDoc] = []
    with (out / "run.jsonl").open("w", encoding="utf-8") as file:
        for query_id in asked:
            found = _rank_documents(retriever, queries[query_id])
            ranking.extend(ir_measures.ScoredDoc(query_id, name, score) for name, score in found.items())
            file.write(json.dumps({"query": query_id, "documents": found}, ensure_ascii=False) + "\n")
            progress("検索", 1, len(asked))
    values = ir_measures.calc_aggregate(MEASURES, judged, ranking)
    figures = {
        "data": folder.name,
        "split": split,
        "documents": len(documents),
        "passages": len(passages),
        "queries": len(asked),
        "measures": {str(measure): round(float(values[measure]), 4) for measure in MEASURES},
    }
    (out / "metrics.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return figures


def _rank_documents(retriever: HybridRetriever, query: str) -> dict[str, float]:
    """Document id → score of its best passage, best first."""
    best: dict[str, float] = {}
    for hit in retriever.search(query):
        best.setdefault(hit.candidate.passage.document_id, hit.score)
    return dict(list(best.items())[:DOCUMENTS_PER_QUERY])


def _document(row: dict[str, Any]) -> Document:
    info = DocumentInfo(id=str(row["_id"]), title=str(row.get("title") or row["_id"]))
    text = str(row["text"])
    blocks = clean(RawDocument(info, text, False, ""))
    if row.get("title"):
        blocks = [Block("heading", str(row["title"]), 1), *(_deeper(block) for block in blocks)]
    return place_blocks(info, blocks or [Block("paragraph", info.title)], hashlib.sha256(text.encode()).hexdigest())


def _deeper(block: Block) -> Block:
    return Block("heading", block.text, block.level + 1) if block.kind == "heading" else block


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _judgements(path: Path) -> Iterator[ir_measures.Qrel]:
    """The judgements of a tab-separated file; a header line is passed over."""
    for line in path.read_text(encoding="utf-8").splitlines():
        query, document, relevance = line.split("\t")
        if relevance.lstrip("-").isdigit():
            yield ir_measures.Qrel(query, document, int(relevance))
