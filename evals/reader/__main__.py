"""`python -m evals.reader prepare | train | measure | export`: the reader from the command line. Needs the extra `training`.

`train` needs only torch and what `prepare` wrote, so that it can run on another machine, where an accelerator is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from tokenizers import Tokenizer

from assistant.reader import SHIPPED_READER, Reader, Reading, Text, sha256_of
from evals.reader.examples import read_examples, write_examples
from evals.reader.export import export
from evals.reader.model import CONFIG_FILE, TOKENIZER_FILE, new_network, read_with
from evals.reader.recipe import ACCELERATED, OWN, Recipe
from evals.reader.resume import shipped_network
from evals.reader.train import Stage, is_trained, train, trained
from index.errors import ModelError

if TYPE_CHECKING:
    from evals.reader.measure import Read

JAQUAD = Path("../shared/data/jaquad/train.jsonl")
EXAMPLES_FILE = "examples.jsonl.xz"
RECIPE_FILE = "recipe.json"
READING, PLANS = "reading", "plans"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed with one message."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "prepare":
                kind = OWN if options.own else ACCELERATED if options.accelerated else Recipe()
                recipe = replace(kind, **json.loads(options.recipe))
                if options.without_removed:
                    recipe = replace(recipe, removed=0.0, related=0.9)
                _prepare(options.jaquad, options.out, recipe, options.own)
            case "train":
                _train(options.out, options.threads, options.device, options.start_from)
            case "measure":
                _measure(options.reader, options.jaquad, options.cases)
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
    preparing = commands.add_parser("prepare", help="write what is learnt from into a folder")
    preparing.add_argument("--recipe", default="{}", help='numbers of the recipe that differ, as JSON: {"jaquad": 8000}')
    preparing.add_argument("--accelerated", action="store_true", help="the recipe for an accelerator")
    preparing.add_argument("--own", type=Path, metavar="CASES", help="a last stage on the shipped plan's own cases")
    preparing.add_argument(
        "--without-removed", action="store_true", help="without negatives that miss only the answering sentence"
    )
    training = commands.add_parser("train", help="train, or go on training, in such a folder")
    training.add_argument("--threads", type=int, default=2)
    training.add_argument("--device", default="cpu", help="as torch names it")
    training.add_argument("--start-from", type=Path, help="an exported reader that is trained further; else the encoder is")
    for command in (preparing, training):
        command.add_argument("--out", type=Path, required=True)
    measuring = commands.add_parser("measure", help="figures on the development parts")
    measuring.add_argument("--reader", type=Path, default=SHIPPED_READER, help="folder of a stage, or of an exported reader")
    measuring.add_argument("--cases", type=Path, help="also on the shipped plan's cases; an exported reader only")
    for command in (preparing, measuring):
        command.add_argument("--jaquad", type=Path, default=JAQUAD)
    exporting = commands.add_parser("export", help="8 bits, for onnxruntime")
    exporting.add_argument("--trained", type=Path, required=True, help="folder of a stage")
    exporting.add_argument("--out", type=Path, default=SHIPPED_READER)
    return parser


def _prepare(jaquad: Path, out: Path, recipe: Recipe, own: Path | None) -> None:
    """Write the recipe, the encoder's configuration and each stage's examples; those that are there are kept."""
    from assistant.settings import load_settings
    from evals.reader.jaquad import read_jaquad, split_by_title
    from evals.reader.plans import DEVELOPMENT, read_plans
    from evals.reader.stages import plans_examples, reading_examples

    for stage in (READING, PLANS):
        (out / stage).mkdir(parents=True, exist_ok=True)
    (out / RECIPE_FILE).write_text(json.dumps(asdict(recipe)), encoding="utf-8")
    shutil.copyfile(load_settings().model_folder() / CONFIG_FILE, out / CONFIG_FILE)
    paragraphs, _ = split_by_title(read_jaquad(jaquad), recipe.seed)
    if not (out / READING / EXAMPLES_FILE).exists():
        write_examples(reading_examples(paragraphs, recipe), out / READING / EXAMPLES_FILE)
    if not (out / PLANS / EXAMPLES_FILE).exists():
        learnt = [plan for plan in read_plans() if plan.document.info.id not in DEVELOPMENT]
        found = plans_examples(learnt, paragraphs, load_settings().load_embeddings(), recipe)
        if own:
            from assistant.wiring import build_assistant
            from evals.cases import read_cases
            from evals.reader.own import own_examples

            found += own_examples(build_assistant(load_settings()), read_cases(own), recipe)
        write_examples(found, out / PLANS / EXAMPLES_FILE)


def _train(out: Path, threads: int, device: str, start_from: Path | None) -> None:
    """Train both stages, each in a folder of its own under `out`; one that is done is passed over."""
    recipe = Recipe(**json.loads((out / RECIPE_FILE).read_text(encoding="utf-8")))
    reading, plans = out / READING, out / PLANS
    if not is_trained(reading):
        if start_from:
            network = shipped_network(start_from, out, reading)
        else:
            from assistant.settings import load_settings

            network = new_network(load_settings().model_folder(), reading)
        stage = Stage(READING, read_examples(reading / EXAMPLES_FILE), 1, recipe.reading_rates)
        train(network, stage, reading, recipe, threads, device)
    for path in (reading / TOKENIZER_FILE, reading / CONFIG_FILE):
        shutil.copyfile(path, plans / path.name)
    stage = Stage(PLANS, read_examples(plans / EXAMPLES_FILE), recipe.plans_passes, recipe.plans_rates)
    train(trained(reading), stage, plans, recipe, threads, device)


def _measure(folder: Path, jaquad: Path, cases: Path | None) -> None:
    from evals.reader.jaquad import read_jaquad, split_by_title
    from evals.reader.measure import cases_auc, measure_reader

    _, paragraphs = split_by_title(read_jaquad(jaquad), Recipe().seed)
    with Progress(console=Console(stderr=True)) as progress:
        figures = measure_reader(_reader(folder), paragraphs, Recipe().seed, progress)
        if cases:
            from assistant.settings import load_settings
            from assistant.wiring import build_assistant
            from evals.calibrate import SHIPPED_PLAN, search
            from evals.cases import read_cases

            reader = Reader(folder, sha256_of(folder), threads=2)
            asked = read_cases(cases)
            rows = search(replace(build_assistant(load_settings()), reader=reader), asked, SHIPPED_PLAN)
            figures["AUC, cases"] = cases_auc(progress.track(rows, total=len(asked), description=str(cases)))
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
