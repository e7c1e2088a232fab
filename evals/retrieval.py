"""Retrieval quality on any data set in BEIR's layout: documents in the order in which the assistant would quote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import AP, RR, R, nDCG

from assistant.assistant import Assistant
from assistant.errors import InvalidQuestionError
from assistant.question import parse_question
from assistant.retrieve import HybridRetriever
from assistant.understand import understanding_of
from corpus.clean import clean
from corpus.model import Block, Document, DocumentInfo
from corpus.passages import split_passages
from corpus.read import RawDocument
from corpus.sections import place_blocks
from index.build import Progress, index_passages
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
    assistant: Assistant,
    out: Path,
    progress: Progress = lambda task, done, total: None,
) -> dict[str, Any]:
    """Index the corpus of a BEIR folder under `out`, ask every judged query, and return the figures.

    `measures` are of the documents in the order in which the assistant would quote them: those whose sentences it has
    ranked, by the best of them, then what else the search has found. `search_alone` are of what the search makes of the
    query as it stands, without synonyms and spelling. Also writes `run.jsonl` (a ranking a line) and `metrics.json` into
    `out`.

    Args:
        folder: in BEIR's layout.
        split: which file of judgements.
        assistant: whose model, weights and reader are used; its own index is not.
        out: a folder that exists.
        progress: told of each step.

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
    embeddings = assistant.retriever.embeddings
    index_passages(documents, passages, out / "index", embeddings, progress)
    index = load_generation(out / "index", embeddings.identity)
    retriever = HybridRetriever(index=index, embeddings=embeddings, k=PASSAGES_PER_QUERY)
    there = replace(assistant, retriever=retriever, understanding=understanding_of(index))
    asked = sorted({judgement.query_id for judgement in judged} & queries.keys())
    quoted: list[ir_measures.ScoredDoc] = []
    searched: list[ir_measures.ScoredDoc] = []
    with (out / "run.jsonl").open("w", encoding="utf-8") as file:
        for query_id in asked:
            in_order = _documents_in_order(there, queries[query_id])
            for found, ranking in zip(in_order, (quoted, searched), strict=True):
                ranking.extend(ir_measures.ScoredDoc(query_id, name, 1 / rank) for rank, name in enumerate(found, start=1))
            file.write(json.dumps({"query": query_id, "documents": in_order[0]}, ensure_ascii=False) + "\n")
            progress("検索", 1, len(asked))
    figures = {
        "data": folder.name,
        "split": split,
        "documents": len(documents),
        "passages": len(passages),
        "queries": len(asked),
        "measures": _measures(judged, quoted),
        "search_alone": _measures(judged, searched),
    }
    (out / "metrics.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return figures


def _measures(judged: list[ir_measures.Qrel], ranking: list[ir_measures.ScoredDoc]) -> dict[str, float]:
    values = ir_measures.calc_aggregate(MEASURES, judged, ranking)
    return {str(measure): round(float(values[measure]), 4) for measure in MEASURES}


def _documents_in_order(assistant: Assistant, query: str) -> tuple[list[str], list[str]]:
    """Documents by their best sentence as the assistant ranks them, then by their best passage; and by the search alone.

    A query that the assistant would refuse, such as one that is too long, is only searched for.
    """
    alone = [hit.candidate.passage.document_id for hit in assistant.retriever.search(query)]
    try:
        found = assistant.find(parse_question(query))
        quoted = [pick.passage.document_id for pick in found.ranked]
        quoted += [hit.candidate.passage.document_id for hit in found.hits]
    except InvalidQuestionError:
        quoted = alone
    in_order, searched = (list(dict.fromkeys(names))[:DOCUMENTS_PER_QUERY] for names in (quoted, alone))
    return in_order, searched


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
