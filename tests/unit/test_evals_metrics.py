from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from assistant.answer import Answer, AnswerSentence, Citation, Status
from corpus.documents import read_documents
from corpus.fold import fold
from corpus.model import Document, DocumentInfo
from evals.anticipate import anticipate
from evals.cases import Case, CaseError, read_cases
from evals.metrics import (
    Figure,
    Scored,
    citation_precision,
    coverage,
    evidence_coverage,
    fact_coverage,
    first_citation_right,
    interval_of_mean,
    measure,
    paraphrase_consistency,
    quotes_exact,
    risk_coverage_curve,
)
from evals.report import failed
from evals.thresholds import regressions, verdict
from index.paths import SHIPPED_DOCUMENTS
from tests.fakes import BigramEmbeddings

TEXT = "計画期間は５年間です。見直しを行います。"
DOCUMENTS = {"d": Document(DocumentInfo(id="d", title="計画"), TEXT, (), "")}
CASE = Case(
    id="a",
    category="fact",
    question="何年間?",
    answerable=True,
    evidence=(("５年間",), ("適宜見直し", "見直しを行い")),
    facts=(("5年",),),
)
NONE = Case(id="b", category="none", question="予算は?", answerable=False)


def answer(status: Status, *spans: tuple[int, int], ms: float = 10.0) -> Answer:
    citations = tuple(
        Citation(
            n=n,
            passage_id="p",
            document="d",
            title="計画",
            section=(),
            page=None,
            quote=TEXT[start:end],
            start=start,
            end=end,
            url="/documents/d#p-p",
        )
        for n, (start, end) in enumerate(spans, start=1)
    )
    return Answer(
        id="x",
        status=status,
        language="ja",
        text="".join(c.quote for c in citations),
        sentences=tuple(AnswerSentence(text=c.quote, citations=(c.n,)) for c in citations),
        citations=citations,
        index_version="v",
        elapsed_ms=ms,
    )


def row(given: Answer, case: Case = CASE) -> Scored:
    return Scored(case, given, 0.5)


FIRST, SECOND = (0, 11), (11, 20)


def test_coverage_compares_folded_and_counts_groups() -> None:
    assert coverage([["5年間"], ["ない"]], ["期間は　５年間"]) == 0.5
    assert coverage([["ない", "期間"]], ["期間"]) == 1.0
    assert coverage([], []) == 1.0


def test_evidence_is_covered_by_quotes_and_facts_by_the_text() -> None:
    one = row(answer("answered", FIRST))
    both = row(answer("answered", FIRST, SECOND))
    declined = row(answer("not_in_plan"))
    assert [evidence_coverage(scored) for scored in (one, both, declined)] == [0.5, 1.0, 0.0]
    assert [fact_coverage(scored) for scored in (one, both, declined)] == [1.0, 1.0, 0.0]


def test_the_first_citation_and_precision_look_at_each_quote() -> None:
    scored = row(answer("answered", (5, 8), FIRST))
    assert first_citation_right(scored) == 1.0
    assert first_citation_right(row(answer("answered", (0, 4), FIRST))) == 0.0
    assert citation_precision(row(answer("answered", (0, 4), FIRST))) == 0.5
    assert citation_precision(row(answer("not_in_plan"))) == 0.0


def test_a_quote_that_is_not_its_span_is_not_exact() -> None:
    right = answer("answered", FIRST, SECOND)
    wrong = right.model_copy(update={"citations": (right.citations[0].model_copy(update={"start": 1}), right.citations[1])})
    assert quotes_exact(row(right), DOCUMENTS) == 1.0
    assert quotes_exact(row(wrong), DOCUMENTS) == 0.5
    assert quotes_exact(row(answer("not_in_plan"), NONE), DOCUMENTS) == 1.0


def test_balanced_accuracy_weighs_both_kinds_alike() -> None:
    rows = [
        row(answer("answered", FIRST)),
        row(answer("not_in_plan")),
        row(answer("out_of_scope", ms=30.0), NONE),
    ]
    figures = measure(rows, DOCUMENTS)
    assert figures["answered_when_answerable"].value == 0.5
    assert figures["declined_when_unanswerable"].value == 1.0
    assert figures["balanced_accuracy"].value == 0.75
    assert figures["p50_ms"].value == 10.0
    assert figures["evidence_coverage"].cases == 2


def test_a_metric_without_cases_is_none_and_never_zero() -> None:
    figures = measure([], DOCUMENTS)
    assert {figure.value for figure in figures.values()} == {None}
    assert measure([row(answer("not_in_plan"), NONE)], DOCUMENTS)["balanced_accuracy"].value is None


def test_a_case_fails_when_anything_is_missing_or_an_answer_is_invented() -> None:
    assert failed(row(answer("answered", FIRST)))
    assert not failed(row(answer("answered", FIRST, SECOND)))
    assert failed(row(answer("answered", FIRST), NONE))
    assert not failed(row(answer("personal"), NONE))


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"id":"a","category":"c","question":"q","answerable":true}',
        '{"id":"a","category":"c","question":"q","answerable":false,"evidence":[["x"]]}',
        '{"id":"a","category":"c","question":"q","answerable":true,"evidence":[[]]}',
        '{"id":"a","category":"c","question":"q","answerable":false,"unknown":1}',
        "",
    ],
)
def test_a_file_with_a_line_that_is_no_case_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(CaseError, match=r"cases\.jsonl"):
        read_cases(path)


CASES = Path(__file__).parents[2] / "evals" / "cases"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())


def bare(question: str) -> str:
    """A question without what makes no other question of it: marks, blanks, how wide its letters are."""
    return re.sub(r"[\W_]", "", fold(question))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_shipped_cases_have_their_evidence_in_the_plan(folder: Path, plan: Document) -> None:
    text = fold(plan.text)
    cases = read_cases(folder)
    missing = [(c.id, alt) for c in cases for group in c.evidence for alt in group if fold(alt) not in text]
    assert missing == []


def test_tuning_cases_are_of_all_kinds_and_a_third_must_be_declined() -> None:
    cases = read_cases(CASES / "tuning")
    kinds = "definition fact list who comparison paraphrase keyword kana typo width abbreviation followup language"
    others = "unanswerable out_of_scope personal urgent attack greeting"
    assert {case.category for case in cases} >= set(f"{kinds} {others}".split())
    assert sum(not case.answerable for case in cases) / len(cases) >= 0.3


def test_no_anticipated_question_is_one_that_quality_is_measured_with() -> None:
    measured = {bare(case.question) for folder in FOLDERS for case in read_cases(folder) if folder.name != "tuning"}
    anticipated = {bare(question.text) for document in read_documents(SHIPPED_DOCUMENTS) for question in document.questions}
    assert len(anticipated) > 1_000
    assert not anticipated & measured


def test_questions_that_say_the_same_are_anticipated_once_and_those_without_an_answer_not() -> None:
    def case(name: str, question: str, *evidence: str, history: tuple[str, ...] = ()) -> Case:
        return Case(
            id=name, category="fact", question=question, history=history, answerable=bool(evidence),
            evidence=(evidence,) if evidence else (),
        )  # fmt: skip

    cases = [
        case("a", "計画の期間は何年間ですか", "５年間"),
        case("b", "計画の期間は何年間ですか。", "5年間とします", "見直し"),
        case("c", "計画の期間は何年間ですか？", "見直し"),
        case("d", "電話番号は"),
        case("e", "それは何年間ですか", "５年間", history=("計画とは",)),
    ]
    lines = anticipate(cases, BigramEmbeddings())
    assert [(line.question, line.answers) for line in lines] == [
        ("計画の期間は何年間ですか", ("５年間",)),
        ("計画の期間は何年間ですか？", ("見直し",)),
    ]


def test_no_case_is_in_two_folders() -> None:
    folders = [{(bare(case.question), case.history) for case in read_cases(folder)} for folder in FOLDERS]
    assert [one & other for one, other in combinations(folders, 2) if one & other] == []


def test_pairs_of_a_group_are_the_same_answer_if_their_leading_quotes_overlap() -> None:
    one, inside, other = answer("answered", FIRST), answer("answered", (5, 8)), answer("answered", SECOND)
    none = answer("not_in_plan")
    assert paraphrase_consistency([row(one), row(inside)]) == 1.0
    assert paraphrase_consistency([row(one), row(inside), row(other)]) == pytest.approx(1 / 3)
    assert paraphrase_consistency([row(none), row(none)]) == 0.0


def test_the_risk_rises_as_less_certain_questions_are_covered() -> None:
    rows = [
        Scored(CASE, answer("answered", FIRST), 0.9),
        Scored(NONE, answer("answered", FIRST), 0.6),
        Scored(NONE, answer("not_in_plan"), 0.2),
        Scored(NONE, answer("greeting"), 0.0),
    ]
    assert risk_coverage_curve(rows) == [(0.25, 0.0), (0.5, 0.5), (0.75, pytest.approx(2 / 3))]
    assert risk_coverage_curve([]) == []


def test_an_interval_holds_its_mean_and_is_the_same_each_time() -> None:
    figure = interval_of_mean([0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= 4 / 6 <= figure.high
    assert figure == interval_of_mean([0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    assert interval_of_mean([1.0, 1.0]) == Figure(1.0, 2, 1.0, 1.0)
    assert interval_of_mean([]) == Figure(None, 0, None, None)


def test_a_regression_is_more_than_the_tolerance_below_the_baseline() -> None:
    baseline = {
        "evidence_coverage": {"value": 0.9, "tolerance": 0.01},
        "quotes_per_answer": {"value": 2.0, "tolerance": 0.1},
    }
    good = {"evidence_coverage": {"value": 0.895}, "quotes_per_answer": {"value": 2.05}}
    assert regressions(good, baseline) == []
    assert len(regressions({"evidence_coverage": {"value": 0.88}, "quotes_per_answer": {"value": 2.2}}, baseline)) == 2
    assert len(regressions({}, baseline)) == 2


def test_every_threshold_has_a_verdict() -> None:
    assert verdict("evidence_coverage", 0.95) == "reached"
    assert verdict("quotes_per_answer", 3.1) == "missed"
    assert verdict("paraphrase_consistency", None) == "no cases"
    assert verdict("citation_precision", 0.1) is None
