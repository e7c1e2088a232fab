"""Examples → a trained reader. Seeded; goes on from its last checkpoint when it is started again."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, Dataset

from assistant.reader import Encoded, encode
from evals.reader.examples import Example
from evals.reader.model import TOKENIZER_FILE, Batch, ReaderNetwork, Target, collate, load_network, loss, prepare, target
from evals.reader.recipe import Recipe

CHECKPOINT_FILE = "checkpoint.safetensors"
LOG_FILE = "log.jsonl"
_POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training: its examples, passed `passes` times while the learning rate falls from one to the other."""

    name: str
    examples: Sequence[Example]
    passes: int
    learning_rate: tuple[float, float]


def train(
    network: ReaderNetwork, stage: Stage, out: Path, recipe: Recipe, threads: int, device: str = "cpu"
) -> ReaderNetwork:
    """Train a network through one stage and return it; `out` then holds its last checkpoint and a log.

    Args:
        network: as `new_network` or `trained` made it; it is changed.
        stage: what is learnt.
        out: a folder of this stage's own, with the network's tokenizer; one that holds a checkpoint is gone on with.
        recipe: how.
        threads: of the processor.
        device: "cpu", or an accelerator as torch names it; that computes with 16-bit floats where they do.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    prepare(network, recipe.frozen_layers, recipe.dropout)
    network.to(device).train()
    optimizer = torch.optim.AdamW(
        [parameter for parameter in network.parameters() if parameter.requires_grad],
        lr=stage.learning_rate[0],
        weight_decay=recipe.weight_decay,
    )
    done = _restore(out, network, optimizer)
    order = _batches(stage, recipe)
    batches = _loader(stage.examples, order[done:], out / TOKENIZER_FILE, threads if device != "cpu" else 0)
    if not order:
        _checkpoint(out, network, optimizer, 0)
        _log(out, stage=stage.name, step=0, of=0)
    losses: list[torch.Tensor] = []
    since = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(stage.name, total=len(order), completed=done)
        for step, batch in enumerate(batches, start=done + 1):
            rate = _learning_rate(stage, step, len(order), recipe)
            losses.append(_step(network, optimizer, batch.to(torch.device(device)), rate, recipe))
            progress.advance(task)
            if step % recipe.checkpoint_every == 0 or step == len(order):
                _checkpoint(out, network, optimizer, step)
                mean = round(float(torch.stack(losses).mean()), 4)
                _log(out, stage=stage.name, step=step, of=len(order), loss=mean, seconds=round(time.monotonic() - since))
                losses = []
    return network.cpu().eval()


def is_trained(folder: Path) -> bool:
    """Whether a stage in this folder has come to its end."""
    log = folder / LOG_FILE
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1]) if log.exists() else {}
    return bool(last) and last["step"] == last["of"]


def trained(folder: Path) -> ReaderNetwork:
    """Return the network of a training's last checkpoint."""
    tensors = load_file(folder / CHECKPOINT_FILE)
    return load_network(folder, _under("network", tensors))


def _batches(stage: Stage, recipe: Recipe) -> list[list[int]]:
    """Numbers of the examples, batch by batch: in random order, those of like length together.

    A batch costs what its longest text costs.
    """
    rng = random.Random(recipe.seed)
    numbers = list(range(len(stage.examples)))
    lengths = [len(one.question) + len(one.text.context) + len(one.text.text) for one in stage.examples]
    in_order = []
    for _ in range(stage.passes):
        rng.shuffle(numbers)
        batches = []
        for start in range(0, len(numbers), _POOL * recipe.batch_size):
            pool = sorted(numbers[start : start + _POOL * recipe.batch_size], key=lambda number: lengths[number])
            batches += [pool[at : at + recipe.batch_size] for at in range(0, len(pool), recipe.batch_size)]
        rng.shuffle(batches)
        in_order += batches
    return in_order


class _Encoded(Dataset[tuple[Encoded, Target]]):
    """Examples as tokens with their targets, made when they are asked for."""

    def __init__(self, examples: Sequence[Example], tokenizer: Path) -> None:
        self._examples = examples
        self._tokenizer = Tokenizer.from_file(str(tokenizer))

    def __getitem__(self, number: int) -> tuple[Encoded, Target]:
        example = self._examples[number]
        encoded = encode(self._tokenizer, example.question, example.text)
        return encoded, target(encoded, example.evidence, example.answer, example.same)


def _loader(
    examples: Sequence[Example], batches: Sequence[list[int]], tokenizer: Path, workers: int
) -> DataLoader[tuple[Encoded, Target]]:
    """Batches in their order; `workers` processes make them while the accelerator computes, 0 for none."""
    if workers:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
    return DataLoader(
        _Encoded(examples, tokenizer),
        batch_sampler=batches,
        collate_fn=collate,
        num_workers=workers,
        pin_memory=bool(workers),
    )


def _learning_rate(stage: Stage, step: int, steps: int, recipe: Recipe) -> float:
    first, last = stage.learning_rate
    return (first + (last - first) * step / steps) * min(1.0, step / recipe.warmup_steps)


def _step(
    network: ReaderNetwork, optimizer: torch.optim.Optimizer, batch: Batch, rate: float, recipe: Recipe
) -> torch.Tensor:
    for group in optimizer.param_groups:
        group["lr"] = rate
    kind = batch.ids.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=kind != "cpu"):
        outputs = network(batch.ids, batch.mask)
    value = loss(outputs, batch)
    value.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
    optimizer.step()
    optimizer.zero_grad()
    return value.detach()


def _checkpoint(out: Path, network: ReaderNetwork, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write all that the next step depends on; the file before it stays until the new one is whole."""
    tensors = {f"network.{name}": value.contiguous() for name, value in network.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
    tensors |= {"rng": torch.get_rng_state(), "step": torch.tensor(step)}
    temporary = out / (CHECKPOINT_FILE + ".new")
    save_file(tensors, temporary)
    temporary.replace(out / CHECKPOINT_FILE)


def _restore(out: Path, network: ReaderNetwork, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint into network and optimizer; returns the steps done, 0 without one."""
    if not (out / CHECKPOINT_FILE).exists():
        return 0
    tensors = load_file(out / CHECKPOINT_FILE)
    network.load_state_dict(_under("network", tensors))
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _under("optimizer", tensors).items():
        number, _, part = name.partition(".")
        state.setdefault(int(number), {})[part] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["rng"])
    return int(tensors["step"])


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with the prefix, by what follows it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def _log(out: Path, **values: object) -> None:
    with (out / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")
