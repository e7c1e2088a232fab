"""`python -m evals.reader train | measure | export`: the reader from the command line. Needs the extra `training`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from tokenizers import Tokenizer

from assistant.reader import SHIPPED_READER, Reader, Reading, Text, sha256_of
from assistant.settings import load_settings
from evals.reader.examples import Negatives, read_jaquad, split_by_title
from evals.reader.export import export
from evals.reader.measure import Read, measure_reader
from evals.reader.model import TOKENIZER_FILE, new_network, read_with
from evals.reader.plans import DEVELOPMENT, read_examples, read_plans, search_examples, write_examples
from evals.reader.recipe import Recipe, plans_stage, reading_stage
from evals.reader.resume import shipped_network
from evals.reader.train import is_trained, train, trained
from index.errors import ModelError

JAQUAD = Path("../shared/data/jaquad/train.jsonl")
# Only what a search of all training plans brings; it takes some minutes and is the same each time.
EXAMPLES_FILE = "examples.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed with one message."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "train":
                recipe = replace(Recipe(), **json.loads(options.recipe))
                if options.without_removed:
                    recipe = replace(recipe, negatives=Negatives(removed=0.0, related=0.9))
                _train(options.jaquad, options.out, recipe, options.threads, options.start_from)
            case "measure":
                _measure(options.reader, options.jaquad)
            case _:
                for name, sha256 in export(trained(options.trained), options.trained, options.out).items():
                    print(f"{name}  {sha256}  {(options.out / name).stat().st_size / 1e6:.1f} MB")
    except (ModelError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.reader", description="Train, measure and export the reader.")
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train, or go on training, in a folder")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--threads", type=int, default=2)
    training.add_argument("--recipe", default="{}", help='numbers of the recipe that differ, as JSON: {"jaquad": 8000}')
    training.add_argument("--start-from", type=Path, help="an exported reader that is trained further; else the encoder is")
    training.add_argument(
        "--without-removed", action="store_true", help="without negatives that miss only the answering sentence"
    )
    measuring = commands.add_parser("measure", help="figures on the development parts")
    measuring.add_argument("--reader", type=Path, default=SHIPPED_READER, help="folder of a stage, or of an exported reader")
    for command in (training, measuring):
        command.add_argument("--jaquad", type=Path, default=JAQUAD)
    exporting = commands.add_parser("export", help="8 bits, for onnxruntime")
    exporting.add_argument("--trained", type=Path, required=True, help="folder of a stage")
    exporting.add_argument("--out", type=Path, default=SHIPPED_READER)
    return parser


def _train(jaquad: Path, out: Path, recipe: Recipe, threads: int, start_from: Path | None) -> None:
    """Train both stages, each in a folder of its own under `out`; one that is done is passed over."""
    reading, plans = out / "reading", out / "plans"
    paragraphs, _ = split_by_title(read_jaquad(jaquad), recipe.seed)
    if not is_trained(reading):
        reading.mkdir(parents=True, exist_ok=True)
        encoder = load_settings().model_folder()
        network = shipped_network(start_from, encoder, reading) if start_from else new_network(encoder, reading)
        train(network, reading_stage(paragraphs, recipe), reading, recipe, threads)
    plans.mkdir(parents=True, exist_ok=True)
    for path in (reading / TOKENIZER_FILE, reading / "config.json"):
        shutil.copyfile(path, plans / path.name)
    if not (plans / EXAMPLES_FILE).exists():
        learnt = [plan for plan in read_plans() if plan.document.info.id not in DEVELOPMENT]
        examples = search_examples(learnt, load_settings().load_embeddings(), recipe.draw)
        write_examples(examples, plans / EXAMPLES_FILE)
    stage = plans_stage(read_examples(plans / EXAMPLES_FILE), paragraphs, recipe)
    train(trained(reading), stage, plans, recipe, threads)


def _measure(folder: Path, jaquad: Path) -> None:
    _, paragraphs = split_by_title(read_jaquad(jaquad), Recipe().seed)
    with Progress(console=Console(stderr=True)) as progress:
        figures = measure_reader(_reader(folder), paragraphs, Recipe().seed, progress)
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}, ensure_ascii=False, indent=1))


def _reader(folder: Path) -> Read:
    """What is in the folder, whichever of the two it is, as a function that reads."""
    if (folder / "model.onnx").exists():
        shipped = Reader(folder, sha256_of(folder), threads=2)
        return lambda question, texts: shipped.read(question, texts) or []
    network, tokenizer = trained(folder), Tokenizer.from_file(str(folder / TOKENIZER_FILE))

    def read(question: str, texts: list[Text]) -> list[Reading]:
        return read_with(network, tokenizer, question, texts)

    return read


if __name__ == "__main__":
    raise SystemExit(main())
