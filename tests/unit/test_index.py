from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import random
import resource
import shutil
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import DocumentError
from index.__main__ import main
from index.build import build_index, is_up_to_date, source_hashes
from index.embed import BATCH_SIZE, ModelIdentity, embed_all, hash_weights
from index.errors import IndexUnavailableError, ModelError
from index.fusion import LegWeights, rank
from index.fusion import search as fused_search
from index.generation import check_sources, is_rolled_back, load_generation, read_manifest, roll_back
from index.lexical import BM25, terms, words
from index.probe import probe
from index.search_index import Candidate, SearchIndex
from index.vectors import VectorIndex
from tests.conftest import TIMES
from tests.fakes import BigramEmbeddings

EMBEDDINGS = BigramEmbeddings()
COMMAND = "python -m index build"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_text(
        "１ 期間\n\n計画の期間は五年間です。\n\n２ 相談\n\n福祉相談課で相談できます。\n", encoding="utf-8"
    )
    (folder / "b.md").write_text("# 防災\n\n防災訓練を行いました。\n", encoding="utf-8")
    ask(folder / "b.md", {"何の訓練をしたか": ["防災訓練"]})
    return folder


def ask(document: Path, answers: dict[str, list[str]]) -> None:
    """Write the questions that are anticipated for a document."""
    lines = [{"question": question, "answers": pieces} for question, pieces in answers.items()]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    document.with_name(f"{document.stem}.questions.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def root(documents: Path, tmp_path: Path) -> Path:
    out = tmp_path / "index"
    build_index(documents, out, EMBEDDINGS)
    return out


def test_every_text_has_its_own_vector_whatever_batch_it_was_in() -> None:
    texts = [f"第{number}条" + "相談" * (number * 7 % 23) for number in range(5 * BATCH_SIZE + 1)]
    done: list[int] = []
    vectors = embed_all(EMBEDDINGS, texts, done.append)
    assert vectors == pytest.approx(np.array([EMBEDDINGS.embed_query(text) for text in texts]), abs=1e-6)
    assert sum(done) == len(texts)
    assert embed_all(EMBEDDINGS, []).shape == (0, vectors.shape[1])


def test_a_batch_that_cannot_be_embedded_ends_all() -> None:
    class Failing(BigramEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if "だめ" in texts:
                raise ModelError("読めません")
            return super().embed_documents(texts)

    with pytest.raises(ModelError):
        embed_all(Failing(), ["計画"] * (3 * BATCH_SIZE) + ["だめ"])


def search(index: SearchIndex, question: str) -> list[str]:
    vector = np.asarray(EMBEDDINGS.embed_query(question), dtype=np.float32)
    return [hit.candidate.passage.text for hit in rank(index.candidates(terms(question), vector, 10))]


def test_the_same_texts_give_the_same_files_whatever_order_a_process_keeps_sets_in(tmp_path: Path) -> None:
    BM25.build([terms("防災訓練を行いました"), terms("計画の期間は五年間です"), []]).save(tmp_path)
    vocabulary = json.loads((tmp_path / "vocab.index.json").read_text(encoding="utf-8"))
    assert list(vocabulary) == sorted(vocabulary)
    assert list(vocabulary.values()) == list(range(len(vocabulary)))


@pytest.mark.parametrize("text", ["再犯防止推進計画は何章", "第何章ですか", "何条"])
def test_who_asks_for_a_number_names_nobody(text: str) -> None:
    assert not [word for word in words(text) if word.is_name or word.is_of_one]


def test_a_place_or_a_person_is_a_name() -> None:
    assert [word.surface for word in words("志木の計画を何章で") if word.is_name] == ["志木"]


def test_texts_without_any_term_are_found_by_nothing() -> None:
    assert BM25.build([[], []]).scores(terms("防災")).tolist() == [0.0, 0.0]


def test_terms_are_words_in_their_plain_form_without_particles() -> None:
    assert terms("民生委員の活動") == ["民生委員", "民生", "委員", "活動"]
    assert terms("それは何ですか？") == []
    assert terms("ﾎﾞﾗﾝﾃｨｱ") == terms("ボランティア") == ["ボランティア"]
    assert terms("") == []


def test_a_verb_and_the_noun_of_its_stem_find_each_other() -> None:
    assert set(terms("見直し")) & set(terms("計画を見直す"))
    assert set(terms("見守り")) & set(terms("高齢者を見守っています"))
    assert terms("得る") == ["得る"]


def test_bm25_finds_japanese_and_scores_unknown_terms_zero(tmp_path: Path) -> None:
    index = BM25.build([terms("計画の期間"), terms("防災訓練"), []])
    assert int(index.scores(terms("期間は")).argmax()) == 0
    assert index.scores(["無い語"]).tolist() == [0.0, 0.0, 0.0]
    assert index.scores([]).tolist() == [0.0, 0.0, 0.0]
    index.save(tmp_path)
    assert BM25.load(tmp_path, 3).scores(["防災"]).tolist() == index.scores(["防災"]).tolist()


def test_nearest_vectors_come_nearest_first_and_no_more_than_there_are() -> None:
    index = VectorIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    query = np.array([0, 1], dtype=np.float32)
    assert index.nearest(query, 10).tolist() == [1, 2, 0]
    assert index.cosines(query, np.array([2, 1])).tolist() == pytest.approx([0.8, 1.0])
    assert VectorIndex(np.zeros((0, 2), dtype=np.float32)).nearest(query, 3).tolist() == []


def candidate(root: Path, dense: float, lexical: float) -> Candidate:
    passage = load_generation(root, EMBEDDINGS.identity).passages[0]
    return Candidate(passage, dense, title=0.0, lexical=lexical, document_lexical=0.0)


def test_fusion_adds_standard_scores(root: Path) -> None:
    found = [candidate(root, 0.9, 0.0), candidate(root, 0.8, 4.0), candidate(root, 0.7, 2.0)]
    # z of (0.9, 0.8, 0.7) is (1.2247, 0, -1.2247), of (0, 4, 2) it is (-1.2247, 1.2247, 0).
    hits = rank(found, LegWeights(dense=1, lexical=2, document_lexical=1, title=1))
    # The last two are equal and keep their order.
    assert [hit.candidate.dense for hit in hits] == [0.8, 0.9, 0.7]
    assert [hit.score for hit in hits] == pytest.approx([2.4495, -1.2247, -1.2247], abs=1e-4)


def test_a_search_keeps_the_best_and_scores_their_sentences(root: Path) -> None:
    index = load_generation(root, EMBEDDINGS.identity)
    wanted = terms("計画の期間は五年間")
    vector = np.asarray(EMBEDDINGS.embed_query("計画の期間は五年間"), dtype=np.float32)
    ranked = [hit.candidate.passage.id for hit in rank(index.candidates(wanted, vector, 10))]
    hits = fused_search(index, wanted, vector, 10, 2)
    assert [hit.candidate.passage.id for hit in hits] == ranked[:2]
    best = hits[0].candidate
    assert [scored.sentence for scored in best.sentences] == list(best.passage.sentences)
    assert best.sentences[0].overlap > 0.5
    assert best.overlap >= best.sentences[0].overlap
    only = fused_search(index, wanted, vector, 10, 2, among=np.array([index.row_of[ranked[-1]]]))
    assert [hit.candidate.passage.id for hit in only] == ranked[-1:]


def test_a_passage_is_found_by_a_question_that_it_is_known_to_answer(documents: Path, tmp_path: Path) -> None:
    question = "いつまでやるつもりか聞きたい"
    ask(documents / "a.txt", {"いつまでやるつもりなのか": ["五年間"]})
    build_index(documents, tmp_path / "asked", EMBEDDINGS)
    index = load_generation(tmp_path / "asked", EMBEDDINGS.identity)
    vector = np.asarray(EMBEDDINGS.embed_query(question), dtype=np.float32)
    best = fused_search(index, terms(question), vector, 10, 3)[0].candidate
    assert "五年間" in best.passage.text
    assert best.asked > 0.5 > best.dense
    assert [bool(scored.asked) for scored in best.sentences] == ["五年間" in s.text for s in best.passage.sentences]
    others = [row for row, passage in enumerate(index.passages) if passage.id != best.passage.id]
    assert all(hit.candidate.asked < 0.5 for hit in fused_search(index, [], vector, 10, 3, among=np.array(others)))
    without = index.candidates(terms(question), None, 10)
    assert all(found.asked == 0 for found in without), "without a model nothing is near"


def test_an_index_names_the_questions_that_some_of_its_sentences_answer(documents: Path, tmp_path: Path) -> None:
    ask(
        documents / "a.txt",
        {"いつまでか": ["五年間"], "何が書いてあるか": ["五年間", "福祉相談課"], "誰に聞けるか": ["福祉相談課"]},
    )
    build_index(documents, tmp_path / "asked", EMBEDDINGS)
    index = load_generation(tmp_path / "asked", EMBEDDINGS.identity)

    def answered(word: str) -> list[str]:
        sentences = [(p.document_id, s) for p in index.passages for s in p.sentences]
        return index.questions_answered({(document, one.start) for document, one in sentences if word in one.text})

    assert answered("五年間") == ["いつまでか", "何が書いてあるか"]
    assert answered("福祉相談課") == ["何が書いてあるか", "誰に聞けるか"]
    assert answered("防災訓練") == ["何の訓練をしたか"]
    assert index.questions_answered(set()) == index.questions_answered({("b", 1)}) == []


def test_fusion_of_nothing_and_of_equal_scores_is_no_error(root: Path) -> None:
    assert rank([]) == []
    assert [hit.score for hit in rank([candidate(root, 0.5, 1.0)] * 2)] == [0.0, 0.0]


def test_what_was_written_is_what_is_loaded(root: Path) -> None:
    index = load_generation(root, EMBEDDINGS.identity)
    assert search(index, "計画の期間")[0] == "計画の期間は五年間です。"
    assert search(index, "防災訓練")[0] == "防災訓練を行いました。"
    for passage in index.passages:
        assert index.documents[passage.document_id].text[passage.start : passage.end] == passage.text


def test_a_generation_is_named_by_its_manifest_and_the_same_input_gives_the_same(root: Path, documents: Path) -> None:
    folder, manifest = read_manifest(root)
    assert folder.name == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()[:16]
    assert (manifest.passages, set(manifest.sources)) == (3, {"a", "b"})
    assert build_index(documents, root, EMBEDDINGS).generation == folder


def files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "current").resolve().rglob("*") if path.is_file())


def test_any_changed_byte_is_refused_with_the_command_that_mends_it(root: Path) -> None:
    chance = random.Random(0)
    refused = 0
    for path in files(root):
        whole = path.read_bytes()
        for _ in range(12 * TIMES):
            place = chance.randrange(len(whole))
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
            with pytest.raises(IndexUnavailableError, match=COMMAND):
                load_generation(root, EMBEDDINGS.identity)
            refused += 1
        path.write_bytes(whole)
    assert refused >= 100
    assert load_generation(root, EMBEDDINGS.identity).passages


def test_a_missing_a_cut_and_an_added_file_are_refused(root: Path) -> None:
    for path in files(root):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(IndexUnavailableError, match=COMMAND):
            load_generation(root, EMBEDDINGS.identity)
        path.unlink()
        with pytest.raises(IndexUnavailableError, match=COMMAND):
            load_generation(root, EMBEDDINGS.identity)
        path.write_bytes(whole)
    (root / "current" / "extra.pkl").write_bytes(b"x")
    with pytest.raises(IndexUnavailableError, match=COMMAND):
        load_generation(root, EMBEDDINGS.identity)


def test_no_index_another_model_and_changed_documents_are_refused(root: Path, documents: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailableError, match=COMMAND):
        load_generation(tmp_path / "none", EMBEDDINGS.identity)
    with pytest.raises(IndexUnavailableError, match="別のモデル"):
        load_generation(root, ModelIdentity("bigrams", "1" * 64, 64))
    _, manifest = read_manifest(root)
    check_sources(manifest, source_hashes(documents))
    (documents / "a.txt").write_text("変わりました。", encoding="utf-8")
    with pytest.raises(IndexUnavailableError, match=COMMAND):
        check_sources(manifest, source_hashes(documents))


def test_an_index_is_up_to_date_only_with_the_same_documents_and_model(root: Path, documents: Path) -> None:
    assert is_up_to_date(documents, root, EMBEDDINGS)
    assert not is_up_to_date(documents, root, BigramEmbeddings("other"))
    assert not is_up_to_date(documents, root / "none", EMBEDDINGS)
    (documents / "c.txt").write_text("新しい文書です。", encoding="utf-8")
    assert not is_up_to_date(documents, root, EMBEDDINGS)


def test_old_generations_and_leftovers_of_dead_builds_go(root: Path, documents: Path) -> None:
    (root / ".building-dead").mkdir()
    (root / ".current-1").symlink_to("nowhere")
    for number in range(4):
        (documents / "a.txt").write_text(f"{number}番目の文です。", encoding="utf-8")
        build_index(documents, root, EMBEDDINGS)
    folders = [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()]
    assert {path.name for path in folders} == {(root / name).resolve().name for name in ("current", "previous")}
    assert len(folders) == 2
    assert not list(root.glob(".*-*"))
    assert "3番目" in load_generation(root, EMBEDDINGS.identity).passages[0].text


def test_a_bad_build_is_undone_by_going_back_and_that_by_going_back_again(root: Path, documents: Path) -> None:
    first = (root / "current").resolve()
    (documents / "a.txt").write_text("新しい文です。", encoding="utf-8")
    second = build_index(documents, root, EMBEDDINGS).generation.resolve()
    assert not is_rolled_back(root)
    assert roll_back(root) == first
    assert load_generation(root, EMBEDDINGS.identity).version == first.name
    assert is_rolled_back(root)
    assert roll_back(root) == second
    (documents / "a.txt").write_text("もっと新しい文です。", encoding="utf-8")
    build_index(documents, root, EMBEDDINGS)
    assert not is_rolled_back(root)
    assert roll_back(root) == second


def test_there_is_no_going_back_to_nothing_nor_to_a_damaged_index(root: Path, documents: Path) -> None:
    first = (root / "current").resolve()
    with pytest.raises(IndexUnavailableError, match="前の索引がありません"):
        roll_back(root)
    (documents / "a.txt").write_text("新しい文です。", encoding="utf-8")
    second = build_index(documents, root, EMBEDDINGS).generation.resolve()
    (first / "sentence_vectors.npy").write_bytes(b"x")
    with pytest.raises(IndexUnavailableError, match=r"sentence_vectors\.npy"):
        roll_back(root)
    assert load_generation(root, EMBEDDINGS.identity).version == second.name


def test_a_generation_is_found_by_its_name_and_nothing_outside_of_the_folder_is(root: Path, tmp_path: Path) -> None:
    name = (root / "current").resolve().name
    assert load_generation(root, EMBEDDINGS.identity, name).version == name
    shutil.copytree(root / name, tmp_path / name)
    for elsewhere in (f"../{name}", str(tmp_path / name), "none"):
        with pytest.raises(IndexUnavailableError):
            load_generation(root, EMBEDDINGS.identity, elsewhere)


def test_an_index_whose_vectors_are_another_models_does_not_pass_its_probes(root: Path, documents: Path) -> None:
    probe(load_generation(root, EMBEDDINGS.identity), EMBEDDINGS)
    shuffled = load_generation(root, EMBEDDINGS.identity)
    shuffled._dense = VectorIndex(np.roll(shuffled._dense._vectors, 7, axis=1))
    with pytest.raises(IndexUnavailableError, match=COMMAND):
        probe(shuffled, EMBEDDINGS)


def test_files_with_sound_checksums_that_this_program_did_not_write_are_refused(root: Path) -> None:
    folder, manifest = read_manifest(root)
    (folder / "passages.jsonl").write_text('{"id": 1}\n[]\n', encoding="utf-8")
    data = (folder / "passages.jsonl").read_bytes()
    entry = manifest.files["passages.jsonl"].model_copy(
        update={"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    )
    forged = manifest.model_copy(update={"files": {**manifest.files, "passages.jsonl": entry}}).model_dump_json().encode()
    (folder / "manifest.json").write_bytes(forged)
    foreign = root / hashlib.sha256(forged).hexdigest()[:16]
    folder.rename(foreign)
    with pytest.raises(IndexUnavailableError, match=COMMAND):
        load_generation(root, EMBEDDINGS.identity, foreign.name)


def build_or_exit(documents: Path, root: Path, max_file_bytes: int | None) -> None:
    """What `python -m index build` does, in a process of its own; what it may write can be limited, like a full disk."""
    if max_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    try:
        build_index(documents, root, EMBEDDINGS)
    except OSError as error:
        sys.exit(error.errno)


def builder(documents: Path, root: Path, max_file_bytes: int | None = None) -> BaseProcess:
    # A fork, because a new interpreter would take seconds to import all this.
    process = multiprocessing.get_context("fork").Process(target=build_or_exit, args=(documents, root, max_file_bytes))
    process.start()
    return process


def test_a_builder_that_is_killed_at_any_moment_leaves_an_index_that_serves(root: Path, documents: Path) -> None:
    chance = random.Random(0)
    for _ in range(10 * TIMES):
        (documents / "c.txt").write_text("これは文です。\n" * chance.randrange(50, 400), encoding="utf-8")
        process = builder(documents, root)
        for _ in range(chance.randrange(1, 12)):
            assert load_generation(root, EMBEDDINGS.identity).passages
        process.kill()
        process.join()
        assert load_generation(root, EMBEDDINGS.identity).passages
    build_index(documents, root, EMBEDDINGS)
    assert not list(root.glob(".building-*"))


def test_a_disk_that_is_full_in_a_build_leaves_the_index_as_it_was(root: Path, documents: Path) -> None:
    before = load_generation(root, EMBEDDINGS.identity).version
    (documents / "c.txt").write_text("これは新しい文です。\n" * 50, encoding="utf-8")
    process = builder(documents, root, 2000)
    process.join()
    assert process.exitcode == errno.EFBIG
    assert load_generation(root, EMBEDDINGS.identity).version == before
    assert not list(root.glob(".building-*"))


def test_a_build_that_breaks_off_leaves_the_current_generation(
    root: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (root / "current").resolve()
    (documents / "a.txt").write_text("新しい文です。", encoding="utf-8")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        build_index(documents, root, EMBEDDINGS)
    assert (root / "current").resolve() == before
    assert not list(root.glob(".building-*"))
    assert load_generation(root, EMBEDDINGS.identity).passages


def test_a_model_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelError, match="safetensors"):
        hash_weights(tmp_path)


@pytest.mark.parametrize("arguments", [["search", "計画"], ["build", "--documents", "/nonexistent"]])
def test_a_command_that_cannot_do_its_work_says_why_in_one_message(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_VAR", str(tmp_path))
    monkeypatch.setenv("ASSISTANT_MODEL", str(tmp_path / "no-model"))
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "no-model" in error
    assert "Traceback" not in error


def test_documents_of_headings_alone_make_no_index(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# 見出しだけ\n", encoding="utf-8")
    with pytest.raises(DocumentError, match="本文がありません"):
        build_index(tmp_path, tmp_path / "index", EMBEDDINGS)


def test_an_index_of_another_place_serves_after_being_moved(root: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(root, moved, symlinks=True)
    assert load_generation(moved, EMBEDDINGS.identity).version == load_generation(root, EMBEDDINGS.identity).version
