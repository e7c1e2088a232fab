from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answer import Answer, AnswerSentence, Citation, Status
from corpus.fold import fold
from corpus.model import Document, DocumentInfo
from evals.cases import Case, CaseError, read_cases
from evals.metrics import (
    Scored,
    citation_precision,
    coverage,
    evidence_coverage,
    fact_coverage,
    first_citation_right,
    measure,
    quotes_exact,
)
from evals.report import failed

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


FIRST, SECOND = (0, 11), (11, 20)


def test_coverage_compares_folded_and_counts_groups() -> None:
    assert coverage([["5年間"], ["ない"]], ["期間は　５年間"]) == 0.5
    assert coverage([["ない", "期間"]], ["期間"]) == 1.0
    assert coverage([], []) == 1.0


def test_evidence_is_covered_by_quotes_and_facts_by_the_text() -> None:
    one = Scored(CASE, answer("answered", FIRST))
    both = Scored(CASE, answer("answered", FIRST, SECOND))
    declined = Scored(CASE, answer("not_in_plan"))
    assert [evidence_coverage(row) for row in (one, both, declined)] == [0.5, 1.0, 0.0]
    assert [fact_coverage(row) for row in (one, both, declined)] == [1.0, 1.0, 0.0]


def test_the_first_citation_and_precision_look_at_each_quote() -> None:
    row = Scored(CASE, answer("answered", (5, 8), FIRST))
    assert first_citation_right(row) == 1.0
    assert first_citation_right(Scored(CASE, answer("answered", (0, 4), FIRST))) == 0.0
    assert citation_precision(Scored(CASE, answer("answered", (0, 4), FIRST))) == 0.5
    assert citation_precision(Scored(CASE, answer("not_in_plan"))) == 0.0


def test_a_quote_that_is_not_its_span_is_not_exact() -> None:
    right = answer("answered", FIRST, SECOND)
    wrong = right.model_copy(update={"citations": (right.citations[0].model_copy(update={"start": 1}), right.citations[1])})
    assert quotes_exact(Scored(CASE, right), DOCUMENTS) == 1.0
    assert quotes_exact(Scored(CASE, wrong), DOCUMENTS) == 0.5
    assert quotes_exact(Scored(NONE, answer("not_in_plan")), DOCUMENTS) == 1.0


def test_balanced_accuracy_weighs_both_kinds_alike() -> None:
    rows = [
        Scored(CASE, answer("answered", FIRST)),
        Scored(CASE, answer("not_in_plan")),
        Scored(NONE, answer("out_of_scope", ms=30.0)),
    ]
    figures = measure(rows, DOCUMENTS)
    assert figures["answered_when_answerable"].value == 0.5
    assert figures["declined_when_unanswerable"].value == 1.0
    assert figures["balanced_accuracy"].value == 0.75
    assert figures["median_ms"].value == 10.0
    assert figures["evidence_coverage"].cases == 2


def test_a_metric_without_cases_is_none_and_never_zero() -> None:
    figures = measure([], DOCUMENTS)
    assert {figure.value for figure in figures.values()} == {None}
    assert measure([Scored(NONE, answer("not_in_plan"))], DOCUMENTS)["balanced_accuracy"].value is None


def test_a_case_fails_when_anything_is_missing_or_an_answer_is_invented() -> None:
    assert failed(Scored(CASE, answer("answered", FIRST)))
    assert not failed(Scored(CASE, answer("answered", FIRST, SECOND)))
    assert failed(Scored(NONE, answer("answered", FIRST)))
    assert not failed(Scored(NONE, answer("personal")))


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


def test_the_shipped_cases_have_their_evidence_in_the_plan(plan: Document) -> None:
    text = fold(plan.text)
    cases = read_cases(Path(__file__).parents[2] / "evals" / "cases" / "plan.jsonl")
    missing = [(c.id, alt) for c in cases for group in c.evidence for alt in group if fold(alt) not in text]
    assert missing == []


def test_the_shipped_cases_are_of_all_kinds_and_a_third_must_be_declined() -> None:
    cases = read_cases(Path(__file__).parents[2] / "evals" / "cases" / "plan.jsonl")
    kinds = "definition fact list who comparison paraphrase keyword kana typo width abbreviation followup language"
    others = "unanswerable out_of_scope personal urgent attack greeting"
    assert {case.category for case in cases} == set(f"{kinds} {others}".split())
    assert 0.3 <= sum(not case.answerable for case in cases) / len(cases) <= 0.4
