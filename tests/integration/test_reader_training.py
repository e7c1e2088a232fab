"""The training recipe, run on a network small enough for a test: it learns nothing of use, but goes all the way."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from assistant.assistant import Assistant
from assistant.reader import SHIPPED_READER, Reader, Text, sha256_of
from assistant.settings import Settings
from corpus.fold import fold
from evals.cases import Case
from evals.reader import train as training
from evals.reader.examples import Example
from evals.reader.export import export
from evals.reader.jaquad import Negatives, jaquad_examples
from evals.reader.model import TOKENIZER_FILE, ReaderNetwork, new_network
from evals.reader.own import own_examples
from evals.reader.recipe import Recipe
from evals.reader.resume import shipped_network
from evals.reader.train import CHECKPOINT_FILE, LOG_FILE, Stage, is_trained, train, trained
from evals.reader.vocabulary import cut_vocabulary
from index import default_model
from tests.unit.test_reader import PARAGRAPHS

RECIPE = Recipe(batch_size=2, frozen_layers=1, warmup_steps=1, checkpoint_every=1)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(jaquad_examples(PARAGRAPHS, Negatives(), random.Random(0)))


@pytest.fixture(scope="module")
def encoder(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained encoder with the default model's vocabulary."""
    folder = tmp_path_factory.mktemp("encoder")
    source = settings.model_folder()
    size = json.loads((source / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    torch.manual_seed(0)
    config = BertConfig(vocab_size=size, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    shutil.copyfile(source / default_model.TOKENIZER_FILE, folder / default_model.TOKENIZER_FILE)
    return folder


def test_the_vocabulary_that_the_recipe_cuts_is_the_shipped_readers(settings: Settings, tmp_path: Path) -> None:
    kept = cut_vocabulary(settings.model_folder() / default_model.TOKENIZER_FILE, tmp_path / TOKENIZER_FILE)
    cut, shipped = (json.loads((folder / TOKENIZER_FILE).read_text("utf-8")) for folder in (tmp_path, SHIPPED_READER))
    pieces, scores = zip(*cut["model"].pop("vocab"), strict=True)
    shipped_pieces, shipped_scores = zip(*shipped["model"].pop("vocab"), strict=True)
    assert pieces == shipped_pieces
    assert scores == pytest.approx(shipped_scores)
    assert cut == shipped
    assert len(kept) == len(pieces)


def fresh(encoder: Path, out: Path) -> ReaderNetwork:
    out.mkdir(exist_ok=True)
    torch.manual_seed(0)
    return new_network(encoder, out)


def stage(examples: list[Example]) -> Stage:
    return Stage("small", examples, 2, (1e-2, 1e-3))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return trained(folder).state_dict()


def test_a_training_that_was_broken_off_ends_where_it_would_have_ended(
    encoder: Path, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(fresh(encoder, whole), stage(examples), whole, RECIPE, threads=1)
    steps = 0
    step = training._step

    def breaking(*arguments: object) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KeyboardInterrupt
        return step(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "_step", breaking)
    with pytest.raises(KeyboardInterrupt):
        train(fresh(encoder, broken), stage(examples), broken, RECIPE, threads=1)
    assert not is_trained(broken)
    monkeypatch.undo()
    train(fresh(encoder, broken), stage(examples), broken, RECIPE, threads=1)
    assert is_trained(broken)
    for name, value in weights(whole).items():
        assert torch.allclose(value, weights(broken)[name], atol=1e-6), name


def test_a_stage_without_examples_hands_the_network_on_as_it_was(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    network = fresh(encoder, out)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train(network, Stage("reading", [], 1, (1e-2, 1e-3)), out, RECIPE, threads=1)
    assert is_trained(out)
    assert all(torch.equal(value, weights(out)[name]) for name, value in before.items())


def test_training_lowers_the_loss_and_logs_it(encoder: Path, examples: list[Example], tmp_path: Path) -> None:
    out = tmp_path / "out"
    long = Stage("small", examples, 30, (3e-2, 1e-3))
    train(fresh(encoder, out), long, out, RECIPE, threads=1)
    losses = [json.loads(line)["loss"] for line in (out / LOG_FILE).read_text(encoding="utf-8").splitlines()]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])
    assert (out / CHECKPOINT_FILE).exists()


def test_frozen_layers_stay_as_they_are(encoder: Path, examples: list[Example], tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = {name: value.clone() for name, value in fresh(encoder, out).state_dict().items()}
    train(fresh(encoder, out), stage(examples), out, RECIPE, threads=1)
    after = weights(out)
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert any(name.startswith("encoder.encoder.layer.1.") for name in changed)
    assert not any(name.startswith(("encoder.embeddings.", "encoder.encoder.layer.0.")) for name in changed)


# torch's exporter warns of parts of its own that will change.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_an_exported_reader_reads_as_the_trained_network(encoder: Path, examples: list[Example], tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    from evals.reader.model import read_with

    out, shipped = tmp_path / "out", tmp_path / "shipped"
    train(fresh(encoder, out), stage(examples), out, RECIPE, threads=1)
    export(trained(out), out, shipped)
    texts = [Text("市の施設", example.text.text) for example in examples[:3]]
    question = examples[0].question
    exact = read_with(trained(out), Tokenizer.from_file(str(out / TOKENIZER_FILE)), question, texts)
    got = Reader(shipped, sha256_of(shipped), threads=1).read(question, texts) or []
    assert [one.answerable for one in got] == pytest.approx([one.answerable for one in exact], abs=0.2)
    assert [list(one.offsets) for one in got] == [list(one.offsets) for one in exact]


def shipped_reader(encoder: Path, folder: Path) -> ReaderNetwork:
    """Export a network whose layers are all different, as a trained one's are, into `folder`."""
    out = folder.with_name("out")
    network = fresh(encoder, out).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.startswith("encoder.embeddings."):
                parameter.normal_()
    export(network, out, folder)
    return network


# torch's exporter warns of parts of its own that will change.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_shipped_reader_can_be_trained_further_from_where_it_was(encoder: Path, tmp_path: Path) -> None:
    shipped, again = tmp_path / "shipped", tmp_path / "again"
    before = shipped_reader(encoder, shipped).state_dict()
    again.mkdir()
    after = shipped_network(shipped, encoder, again).state_dict()
    assert set(after) == set(before)
    for name, value in before.items():
        # Eight bits over the range of a column.
        assert torch.allclose(after[name], value, atol=float(value.abs().max()) / 100), name


# torch's exporter warns of parts of its own that will change.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_reader_of_another_vocabulary_is_not_trained_further(encoder: Path, tmp_path: Path) -> None:
    shipped, again = tmp_path / "shipped", tmp_path / "again"
    shipped_reader(encoder, shipped)
    tokenizer = shipped / TOKENIZER_FILE
    pieces = json.loads(tokenizer.read_text(encoding="utf-8"))
    pieces["model"]["vocab"].pop()
    tokenizer.write_text(json.dumps(pieces), encoding="utf-8")
    again.mkdir()
    with pytest.raises(ValueError, match="not a reader of this form"):
        shipped_network(shipped, encoder, again)


def test_a_citys_own_cases_become_texts_with_what_answers_and_pairs_of_what_asks_the_same(assistant: Assistant) -> None:
    evidence = (("市内５つの地域包括支援センター",),)
    two = [
        Case(id=name, category="fact", question=text, answerable=True, evidence=evidence, facts=(("5つ",),), group="g")
        for name, text in (("a", "地域包括支援センターは何か所ですか"), ("b", "地域包括支援センター 数"))
    ]
    none = Case(id="c", category="unanswerable", question="地域包括支援センターの電話番号は", answerable=False)
    greeting = Case(id="d", category="greeting", question="こんにちは", answerable=False)
    made = own_examples(assistant, [*two, none, greeting], Recipe(as_found=4))

    def asks(text: str, case: Case) -> bool:
        # The plan's words for what was asked may follow it.
        return fold(text).startswith(fold(case.question))

    assert all(any(asks(example.question, case) for case in (*two, none)) for example in made)
    for example in made:
        is_there = "市内５つの" in example.text.text and not asks(example.question, none)
        assert bool(example.evidence) == is_there
        answer = example.answer and example.text.text[slice(*example.answer)]
        assert answer == ("５つ" if is_there else None)
    pairs = [example for example in made if example.same is not None]
    assert [pair for pair in pairs if pair.same and asks(pair.question, two[0]) and asks(pair.text.text, two[1])]
    assert [pair for pair in pairs if pair.same is False and asks(pair.question, two[0]) and asks(pair.text.text, none)]


def test_one_answer_makes_questions_the_same_and_another_in_the_same_sentence_makes_them_different(
    assistant: Assistant,
) -> None:
    evidence = (("市内５つの地域包括支援センター",),)

    def case(name: str, question: str, *facts: str) -> Case:
        return Case(
            id=name, category="fact", question=question, answerable=True, evidence=evidence, facts=tuple((f,) for f in facts)
        )

    number = case("a", "地域包括支援センターは市内に何か所ありますか", "5つ")
    again = case("b", "地域包括支援センターは市内にいくつありますか", "5つ")
    name = case("c", "市内に５つあるのは何というセンターですか", "地域包括支援センター")
    unsure = case("d", "地域包括支援センターは市内にどう置かれていますか")
    made = own_examples(assistant, [number, again, name, unsure], Recipe(as_found=1))
    pairs = {(pair.question, pair.text.text): pair.same for pair in made if pair.same is not None}

    def same(one: Case, other: Case) -> bool | None:
        return pairs.get((fold(one.question), fold(other.question)))

    assert same(number, again) is True
    assert same(again, number) is True
    assert same(number, name) is False
    assert same(name, again) is False
    assert all(same(unsure, other) is None and same(other, unsure) is None for other in (number, again, name))

    few = own_examples(assistant, [number, again, name, unsure], Recipe(as_found=1, own_texts=3, own_pairs=2))
    assert [sum(example.same is None for example in few), sum(example.same is not None for example in few)] == [3, 2]
