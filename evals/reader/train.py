"""Examples → a trained reader. Seeded; goes on from its last checkpoint when it is started again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from assistant.reader import Encoded, encode, pad
from evals.reader.model import TOKENIZER_FILE, ReaderNetwork, Target, freeze, load_network, loss, target
from evals.reader.recipe import Recipe, Stage

CHECKPOINT_FILE = "checkpoint.safetensors"
LOG_FILE = "log.jsonl"
_POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class _Batch:
    encoded: Sequence[Encoded]
    targets: Sequence[Target]


def train(network: ReaderNetwork, stage: Stage, out: Path, recipe: Recipe, threads: int) -> ReaderNetwork:
    """Train a network through one stage and return it; `out` then holds its last checkpoint and a log.

    Args:
        network: as `new_network` or `trained` made it; it is changed.
        stage: what is learnt.
        out: a folder of this stage's own, with the network's tokenizer; one that holds a checkpoint is gone on with.
        recipe: how.
        threads: of the processor.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    freeze(network, recipe.frozen_layers)
    network.train()
    optimizer = torch.optim.AdamW(
        [parameter for parameter in network.parameters() if parameter.requires_grad],
        lr=stage.learning_rate[0],
        weight_decay=recipe.weight_decay,
    )
    done = _restore(out, network, optimizer)
    batches = _batches(stage, Tokenizer.from_file(str(out / TOKENIZER_FILE)), recipe)
    losses: list[float] = []
    since = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(stage.name, total=len(batches), completed=done)
        for step, batch in enumerate(batches[done:], start=done + 1):
            losses.append(_step(network, optimizer, batch, _learning_rate(stage, step, len(batches), recipe), recipe))
            progress.advance(task)
            if step % recipe.checkpoint_every == 0 or step == len(batches):
                _checkpoint(out, network, optimizer, step)
                mean = round(sum(losses) / len(losses), 4)
                _log(out, stage=stage.name, step=step, of=len(batches), loss=mean, seconds=round(time.monotonic() - since))
                losses = []
    return network.eval()


def is_trained(folder: Path) -> bool:
    """Whether a stage in this folder has come to its end."""
    log = folder / LOG_FILE
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1]) if log.exists() else {}
    return bool(last) and last["step"] == last["of"]


def trained(folder: Path) -> ReaderNetwork:
    """Return the network of a training's last checkpoint."""
    tensors = load_file(folder / CHECKPOINT_FILE)
    return load_network(folder, _under("network", tensors))


def _batches(stage: Stage, tokenizer: Tokenizer, recipe: Recipe) -> list[_Batch]:
    """Batches in random order, each of texts of like length: a batch costs what its longest text costs."""
    rng = random.Random(recipe.seed)
    encoded = [encode(tokenizer, example.question, example.text) for example in stage.examples]
    rows = [(one, target(one, ex.evidence, ex.answer)) for one, ex in zip(encoded, stage.examples, strict=True)]
    in_order = []
    for _ in range(stage.passes):
        rng.shuffle(rows)
        batches = []
        for start in range(0, len(rows), _POOL * recipe.batch_size):
            pool = sorted(rows[start : start + _POOL * recipe.batch_size], key=lambda row: len(row[0].ids))
            batches += [pool[at : at + recipe.batch_size] for at in range(0, len(pool), recipe.batch_size)]
        rng.shuffle(batches)
        in_order += [_Batch([row[0] for row in batch], [row[1] for row in batch]) for batch in batches]
    return in_order


def _learning_rate(stage: Stage, step: int, steps: int, recipe: Recipe) -> float:
    first, last = stage.learning_rate
    return (first + (last - first) * step / steps) * min(1.0, step / recipe.warmup_steps)


def _step(network: ReaderNetwork, optimizer: torch.optim.Optimizer, batch: _Batch, rate: float, recipe: Recipe) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    ids, mask = pad(batch.encoded)
    value = loss(network(torch.from_numpy(ids), torch.from_numpy(mask)), batch.encoded, batch.targets)
    value.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
    optimizer.step()
    optimizer.zero_grad()
    return float(value.detach())


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
