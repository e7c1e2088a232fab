"""`python -m index build | search | verify | rollback`: the index from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from corpus.errors import DocumentError
from index.build import build_index, is_up_to_date
from index.errors import IndexUnavailableError, ModelError
from index.fusion import Hit, search
from index.generation import CURRENT, check_files, load_generation, read_manifest, roll_back
from index.lexical import terms
from index.paths import Paths
from index.probe import probe

POOL = 100


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed with one message."""
    options = _parser().parse_args(arguments)
    given = {name: value for name in ("documents", "model") if (value := getattr(options, name, None)) is not None}
    paths = Paths(**given)
    try:
        if options.command == "build":
            _build(paths, options.out or paths.index, options.force)
        elif options.command == "verify":
            _verify(paths, options.generation)
        elif options.command == "rollback":
            print(f"前の索引に戻しました: {roll_back(paths.index).name}")
            print("動いているサーバーに読み込ませるには、SIGHUP を送ります（systemctl reload）。")
        else:
            _search(paths, options.question, options.k, options.json)
    except (DocumentError, IndexUnavailableError, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m index", description="Build the index over the documents, or look into it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="documents → a verified index generation")
    build.add_argument("--documents", type=Path, help="folder of .txt and .md files with their .toml (default: the plan)")
    build.add_argument("--out", type=Path, help="folder of the generations (default: var/index)")
    build.add_argument("--model", type=Path, help="a sentence-transformers folder (default: the shipped model)")
    build.add_argument("--force", action="store_true", help="build even if nothing has changed")
    verify = commands.add_parser("verify", help="check every file of an index, load it, and find its own passages")
    verify.add_argument("--generation", default=CURRENT, help="its name (default: the one in use)")
    commands.add_parser("rollback", help="use the index before the current one; once more undoes it")
    search = commands.add_parser("search", help="what retrieval sees for a question")
    search.add_argument("question")
    search.add_argument("-k", type=int, default=5, help="how many passages")
    search.add_argument("--json", action="store_true")
    return parser


def _build(paths: Paths, out: Path, force: bool) -> None:
    console = Console(stderr=True)
    with console.status("モデルを準備しています…"):
        embeddings = paths.load_embeddings()
    if not force and is_up_to_date(paths.documents, out, embeddings):
        console.print("索引は最新です。")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            bar.advance(tasks[task], done)

        report = build_index(paths.documents, out, embeddings, progress)
    size = f"文書 {report.documents}、段落 {report.passages}、文 {report.sentences}"
    console.print(f"索引を作りました: {size}（{report.generation.name}）")


def _verify(paths: Paths, generation: str) -> None:
    # What needs no model is checked first: damage is said at once.
    check_files(*read_manifest(paths.index, generation))
    embeddings = paths.load_embeddings()
    index = load_generation(paths.index, embeddings.identity, generation)
    probe(index, embeddings)
    size = f"文書 {len(index.documents)}、段落 {len(index.passages)}"
    print(f"索引に問題はありません: {size}（{index.version}）")


def _search(paths: Paths, question: str, k: int, as_json: bool) -> None:
    embeddings = paths.load_embeddings()
    index = load_generation(paths.index, embeddings.identity)
    vector = np.asarray(embeddings.embed_query(question), dtype=np.float32)
    hits = search(index, terms(question), vector, POOL, k)
    if as_json:
        print(json.dumps([_row(hit) for hit in hits], ensure_ascii=False, indent=1))
        return
    table = Table("score", "dense", "title", "BM25", "overlap", "passage", title=question)
    for hit in hits:
        found = hit.candidate
        where = " > ".join(found.passage.section)
        scores = [f"{value:.3f}" for value in (hit.score, found.dense, found.title, found.lexical, found.overlap)]
        table.add_row(*scores, f"[bold]{where}[/bold]\n{found.passage.text[:80]}")
    Console().print(table)


def _row(hit: Hit) -> dict[str, object]:
    found = hit.candidate
    return {
        "passage_id": found.passage.id,
        "document": found.passage.document_id,
        "section": list(found.passage.section),
        "start": found.passage.start,
        "end": found.passage.end,
        "text": found.passage.text,
        "score": hit.score,
        "dense": found.dense,
        "title": found.title,
        "lexical": found.lexical,
        "overlap": found.overlap,
    }


if __name__ == "__main__":
    sys.exit(main())
