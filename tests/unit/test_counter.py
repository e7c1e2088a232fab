from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.glossary import Glossary
from assistant.question import parse_question
from assistant.understand import Understanding, understanding_of
from corpus.model import Document, DocumentInfo, Passage, Sentence
from corpus.passages import split_passages
from corpus.sentences import split_sentences
from index.build import build_index
from index.fusion import LegWeights
from index.generation import load_generation
from index.lexical import terms
from index.paths import SHIPPED_DOCUMENTS
from index.search_index import ScoredSentence, SearchIndex
from index.vectors import VectorIndex
from tests.fakes import BigramEmbeddings
from web.counter.actors import who_acts
from web.counter.citation import Quoted, source_line, with_sources
from web.counter.handout import MAX_QUOTE_CHARS, Span, make_handout, parse_spans
from web.counter.lookup import Results, look_up
from web.counter.reference import Filters, Reference
from web.counter.snippet import MAX_CHARS, mark, snip

EMBEDDINGS = BigramEmbeddings()
PAGE = "{page}ページ"
EVERYTHING = Filters()


class Broken(BigramEmbeddings):
    """A model that fails when it is asked."""

    def embed_query(self, text: str) -> list[float]:
        raise RuntimeError("no memory")


def passage(text: str, *section: str) -> Passage:
    """A passage that is a whole document's text."""
    identity = hashlib.sha256(text.encode()).hexdigest()[:12]
    sentences = split_sentences(text, 0, len(text))
    return Passage(identity, "d", section, "", 0, len(text), text, quotable=True, sentences=sentences)


def glossary_of(text: str) -> dict[str, tuple[str, str]]:
    """Term → kind and quote."""
    return {entry.term: (entry.kind, entry.quote) for entry in Glossary([], [passage(text)]).entries}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    out = tmp_path_factory.mktemp("index")
    build_index(SHIPPED_DOCUMENTS, out, EMBEDDINGS)
    return load_generation(out, EMBEDDINGS.identity)


@pytest.fixture(scope="module")
def reference(index: SearchIndex) -> Reference:
    return Reference(index)


@pytest.fixture(scope="module")
def understanding(index: SearchIndex) -> Understanding:
    return understanding_of(index)


def found(
    question: str,
    reference: Reference,
    understanding: Understanding,
    filters: Filters = EVERYTHING,
    embeddings: BigramEmbeddings | None = EMBEDDINGS,
) -> Results:
    return look_up(parse_question(question), filters, reference, understanding, embeddings, LegWeights())


# --- Who acts ---


@pytest.mark.parametrize(
    ("section", "text", "actors", "basis"),
    [
        (["○市の取組"], "講座を開きました。", {"city"}, "heading"),
        (["〇社協の取組"], "市とともに相談を受けます。", {"council"}, "heading"),
        (["市と社協の取組"], "講座を開きました。", {"city", "council"}, "heading"),
        (["○社会福祉協議会の取り組み", "（１）見守り"], "訪問します。", {"council"}, "heading"),
        (["１ 背景"], "これを受けて、市では、計画を定めます。", {"city"}, "text"),
        (["１ 背景"], "市や社協では、その達成に貢献します。", {"city", "council"}, "text"),
        (["１ 背景"], "国では、市町村は体制をつくるとしています。", set(), "unsaid"),
        (["２ 市民の暮らし"], "都市は変わりました。市民は助け合います。", set(), "unsaid"),
    ],
)
def test_who_acts_is_read_from_the_headings_else_from_the_subjects_and_else_not_said(
    section: list[str], text: str, actors: set[str], basis: str
) -> None:
    acting = who_acts(passage(text, *section))
    assert (set(acting.actors), acting.basis) == (actors, basis)


def test_in_the_shipped_plan_each_passage_under_a_heading_of_measures_has_its_actor(index: SearchIndex) -> None:
    for one in index.passages:
        if one.section[-1] in ("○市の取組", "○社協の取組"):
            assert who_acts(one).actors == {"city" if one.section[-1] == "○市の取組" else "council"}
        else:
            assert who_acts(one).basis != "heading"


# --- Glossary ---


def test_a_definition_is_its_whole_sentence_with_or_without_quotation_marks() -> None:
    text = "地域福祉とは、支え合う取組のことをいいます。「共生社会」とは皆でつくる社会です。"
    assert glossary_of(text) == {
        "地域福祉": ("definition", "地域福祉とは、支え合う取組のことをいいます。"),
        "共生社会": ("definition", "「共生社会」とは皆でつくる社会です。"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "近所の方と話してみることは、いいきっかけになります。",
        "公営企業会計のため、他の特別会計とは区分しています。",
        "これまでとは、違う取組です。",
        "「縦割り」とは異なる考え方です。",
        "そうだとは知りませんでした。",
        "平成３０（２０１８）年と令和元（２０１９）年と令和２（２０２０）年です。",
        "講座（初級）を開きます。",
    ],
)
def test_what_only_looks_like_a_definition_is_none(text: str) -> None:
    assert glossary_of(text) == {}


def test_abbreviations_span_the_long_form_and_the_bracket() -> None:
    assert glossary_of("朝霞市社会福祉協議会（以下「社協」という。）は活動しています。") == {
        "社協": ("abbreviation", "社会福祉協議会（以下「社協」という。）")
    }
    text = "平成２８年に再犯の防止等の推進に関する法律（平成２８年法律第１０４号。以下「再犯防止推進法」という。）を定めた。"
    (entry,) = Glossary([], [passage(text)]).entries
    assert entry.quote == text[6:-5]
    assert entry.names == ("再犯防止推進法", "再犯の防止等の推進に関する法律")


def test_the_four_aids_are_terms_with_what_they_mean(reference: Reference) -> None:
    named = reference.glossary.named_in("４助って何？")
    assert [entry.term for entry in named] == ["４助", "自助", "互助", "共助", "公助"]
    assert {entry.term: entry.quote for entry in named}["共助"] == "制度化された相互扶助（共助）"


def test_every_entry_of_the_plan_is_an_exact_span_inside_of_its_passage(reference: Reference, index: SearchIndex) -> None:
    entries = reference.glossary.entries
    assert len(entries) >= 12
    passages = {one.id: one for one in index.passages}
    for entry in entries:
        assert index.documents[entry.document_id].text[entry.start : entry.end] == entry.quote
        if entry.passage_id:
            holding = passages[entry.passage_id]
            assert holding.start <= entry.start < entry.end <= holding.end
            assert holding.section == entry.section


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("SDGsとは何か", {"持続可能な開発目標", "ＳＤＧｓ"}),
        ("ｓｄｇｓ", {"持続可能な開発目標", "ＳＤＧｓ"}),
        ("「住民」の意味は", {"住民"}),
        ("再犯の防止等の推進に関する法律", {"再犯防止推進法"}),
        ("市の取組", {"市"}),
        ("都市の緑", set()),
        ("駐車場はどこ", set()),
    ],
)
def test_a_term_is_explained_when_the_question_names_it_by_any_of_its_names(
    reference: Reference, question: str, terms: set[str]
) -> None:
    assert {entry.term for entry in reference.glossary.named_in(question)} == terms


# --- Snippets ---


def marked(text: str, question: str) -> list[str]:
    pieces = list(mark(text, frozenset(terms(question))))
    assert "".join(piece.text for piece in pieces) == text
    return [piece.text for piece in pieces if piece.marked]


def test_words_are_marked_in_whatever_form_they_stand() -> None:
    assert marked("高齢者を見守っています。", "見守り") == ["見守っ"]
    assert marked("ﾎﾞﾗﾝﾃｨｱ講座", "ボランティア") == ["ﾎﾞﾗﾝﾃｨｱ"]
    assert marked("ＳＤＧｓの理念", "sdgs") == ["ＳＤＧｓ"]
    assert marked("避難行動要支援者台帳の整備", "避難") == ["避難"]
    assert marked("自助と共助", "公助") == []
    assert marked("", "公助") == []


def scored(text: str, best: int) -> tuple[str, list[ScoredSentence]]:
    sentences = split_sentences(text, 0, len(text))
    return text, [ScoredSentence(sentence, float(here == best), 0.0) for here, sentence in enumerate(sentences)]


def test_a_snippet_is_whole_sentences_around_the_best_and_says_where_more_stands() -> None:
    long = "あ" * 70 + "。"
    text, sentences = scored(long * 4, best=1)
    snippet = snip(text, sentences, frozenset())
    assert snippet.best == Sentence(71, 142, long)
    assert "".join(piece.text for piece in snippet.pieces) == long * 2
    assert (snippet.before, snippet.after, snippet.matches) == (True, True, False)
    # A sentence alone is never cut, however long.
    text, sentences = scored("い" * (MAX_CHARS + 50) + "。", best=0)
    assert len(snip(text, sentences, frozenset()).pieces[0].text) == MAX_CHARS + 51


# --- Filters ---


def test_filters_narrow_what_is_found_and_never_what_is_best_of_the_rest(
    reference: Reference, understanding: Understanding
) -> None:
    everything = found("防災訓練", reference, understanding)
    for who, heading in (("city", "○市の取組"), ("council", "○社協の取組")):
        of_one = found("防災訓練", reference, understanding, Filters(who=who))  # type: ignore[arg-type]
        assert of_one.results[0].passage.section[-1] == heading
        assert all(who in result.acting.actors for result in of_one.results)
    assert len(everything.results) == 10
    unsaid = found("防災訓練", reference, understanding, Filters(who="unsaid"))
    assert unsaid.results
    assert not any(result.acting.actors for result in unsaid.results)


def test_a_chapter_filter_keeps_to_the_chapter_and_an_unknown_one_narrows_nothing(
    reference: Reference, understanding: Understanding
) -> None:
    chapters = {chapter.name: chapter for chapter in reference.chapters}
    assert next(iter(chapters)) == "１ 計画策定の背景"
    period = chapters["４ 計画の期間"]
    only = found("市の取組", reference, understanding, Filters(period.key)).results
    assert only
    assert {result.passage.section[0] for result in only} == {period.name}
    assert reference.count(Filters(period.key, "council")) == 0
    assert found("相談", reference, understanding, Filters(period.key, "council")).results == ()
    assert reference.rows(Filters("asaka-4/999")) is None
    assert reference.count(Filters("asaka-4")) == len(reference.index.passages)


def test_nearest_among_some_rows_are_the_best_of_these() -> None:
    vectors = VectorIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    query = np.array([1, 0], dtype=np.float32)
    assert vectors.nearest(query, 2, np.array([1, 2])).tolist() == [2, 1]
    assert vectors.nearest(query, 1, np.array([1, 2])).tolist() == [2]
    assert vectors.nearest(query, 1, np.array([], dtype=np.int64)).tolist() == []


# --- Without a model ---


@pytest.mark.parametrize("embeddings", [None, Broken()], ids=["none", "broken"])
def test_without_a_model_words_are_still_found_and_it_is_said(
    reference: Reference, understanding: Understanding, embeddings: BigramEmbeddings | None
) -> None:
    results = found("青色防犯パトロールカー", reference, understanding, embeddings=embeddings)
    assert results.by_words_only
    assert "青色防犯パトロールカー" in results.results[0].passage.text
    assert all(result.snippet.matches or result.passage.context for result in results.results)
    assert found("ぬるぽ", reference, understanding, embeddings=embeddings).results == ()


def test_an_index_is_read_without_its_model(tmp_path: Path) -> None:
    build_index(SHIPPED_DOCUMENTS, tmp_path, EMBEDDINGS)
    assert load_generation(tmp_path, None).model == EMBEDDINGS.identity


# --- Citation ---


def info(**values: str) -> DocumentInfo:
    return DocumentInfo(**{"id": "d", "title": "地域福祉計画", **values})  # type: ignore[arg-type]


def test_a_source_line_has_issuer_title_edition_headings_and_the_page_where_known() -> None:
    full = info(issuer="朝霞市", edition="第４期")
    assert (
        source_line(full, ["６ 振り返り", "○市の取組"], 12, PAGE)
        == "【出典】朝霞市「地域福祉計画」第４期　「６ 振り返り」－「○市の取組」　12ページ"
    )
    assert source_line(info(), [], None, PAGE) == "【出典】「地域福祉計画」"


def test_quotes_are_copied_verbatim_and_those_of_one_place_share_a_source_line() -> None:
    one, other = info(issuer="市"), info(issuer="県")
    quotes = [Quoted(one, ("１",), "甲です。"), Quoted(one, ("１",), "乙です。"), Quoted(other, (), "丙です。")]
    text = with_sources(quotes, PAGE, "期間は終わりました。")
    first = "甲です。\n乙です。\n【出典】市「地域福祉計画」　「１」\n\n"
    assert text == f"{first}丙です。\n【出典】県「地域福祉計画」\n\n※期間は終わりました。\n"
    assert with_sources([], PAGE) == "\n"


# --- Hand-out ---


def spans_of(passages: Sequence[Passage]) -> list[Span]:
    return [Span(one.document_id, one.start, one.end) for one in passages]


def test_spans_are_read_back_and_what_is_none_is_passed_over(reference: Reference, index: SearchIndex) -> None:
    span = Span("asaka-4", 10, 20)
    fields = [
        str(span),
        f"{span} asaka-4:30:40",
        "asaka-4:x:9",
        "<script>",
        "asaka-4:1:9999999999",
        "none:1:2",
        "asaka-4:9:5",
    ]
    read = parse_spans(fields)
    assert read[:2] == [span, Span("asaka-4", 30, 40)]
    handout = make_handout(read, index, reference.glossary)
    assert [quote.text for quote in handout.quotes] == [
        index.documents["asaka-4"].text[slice(*s)] for s in ((10, 20), (30, 40))
    ]
    assert make_handout([], index, reference.glossary).quotes == ()


def test_a_hand_out_leaves_out_what_does_not_fit_whole_and_says_so(reference: Reference, index: SearchIndex) -> None:
    everything = make_handout(spans_of(index.passages), index, reference.glossary)
    assert not everything.complete
    assert sum(len(quote.text) for quote in everything.quotes) <= MAX_QUOTE_CHARS
    for one in index.passages:
        alone = make_handout(spans_of([one]), index, reference.glossary)
        assert [quote.text for quote in alone.quotes] == [one.text]
        assert alone.complete


def test_a_hand_out_explains_the_terms_that_it_uses_and_does_not_say_a_thing_twice(
    reference: Reference, index: SearchIndex
) -> None:
    uses = next(one for one in index.passages if one.text.startswith("これを受けて、市では"))
    handout = make_handout(spans_of([uses]), index, reference.glossary)
    assert handout.terms
    for entry in handout.terms:
        assert entry.term in uses.text
        assert entry.quote not in uses.text


def test_a_document_without_headings_has_one_chapter_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/a.txt").write_text("見出しのない文書です。\n", encoding="utf-8")
    build_index(tmp_path / "documents", tmp_path / "index", EMBEDDINGS)
    chapters = Reference(load_generation(tmp_path / "index", EMBEDDINGS.identity)).chapters
    assert [(chapter.key, chapter.name) for chapter in chapters] == [("a/1", "")]


def test_an_outermost_aims_heading_is_of_its_own_chapter_and_what_a_group_stands_under(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    text = "基本目標１ つながる\n\n■４助：「自助」・「互助」について\n\n基本目標２ 備える\n\n訓練をします。\n"
    (tmp_path / "documents" / "aims.txt").write_text(text, encoding="utf-8")
    build_index(tmp_path / "documents", tmp_path / "index", EMBEDDINGS)
    reference = Reference(load_generation(tmp_path / "index", EMBEDDINGS.identity))
    assert [chapter.name for chapter in reference.chapters] == ["基本目標１ つながる", "基本目標２ 備える"]
    assert [reference.count(Filters(chapter.key)) for chapter in reference.chapters] == [1, 2]
    (group,) = (entry for entry in reference.glossary.entries if entry.kind == "group")
    assert group.section == ("基本目標１ つながる",)


def test_passages_of_the_plan_fit_a_hand_out_alone(plan: Document) -> None:
    assert max(one.end - one.start for one in split_passages(plan)) <= MAX_QUOTE_CHARS
