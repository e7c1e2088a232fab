from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from rich.progress import Progress

from assistant.assistant import Assistant
from assistant.calibration import load_calibration
from assistant.compose import SentenceSigns
from assistant.decide import Signs
from assistant.lead import LeadSigns
from evals import named
from evals.__main__ import main
from evals.calibrate import OF_READER, as_toml, fit, fit_lead, search
from evals.cases import read_cases
from evals.compare import SCORES, RunError, compare_runs
from evals.reader.plans import read_plans
from evals.report import write_report
from evals.retrieval import DataSetError, measure_retrieval
from evals.run import metrics_by_category, run_cases, write_run

EVALS = Path(__file__).parents[2] / "evals"
# Neither learnt from nor anticipated; the run takes less than a minute.
CASES = EVALS / "cases" / "calibration"


@pytest.fixture(scope="module")
def run(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "plan"
    write_run(assistant, CASES, out)
    return out


def test_a_run_leaves_its_four_files(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == ["config.json", "metrics.json", "outputs.jsonl", "report.html"]
    rows = [json.loads(line) for line in (run / "outputs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["case"]["id"] for row in rows] == [case.id for case in read_cases(CASES)]


def test_quality_on_cases_that_are_not_learnt_from_is_not_lower_than_the_baseline(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["gate", str(run), "--baseline", str(EVALS / "baseline.json")])
    assert (status, capsys.readouterr().err) == (0, "")


def test_quality_on_harder_cases_is_not_lower_than_their_baseline(
    assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(assistant, EVALS / "cases" / "calibration_hard", tmp_path / "hard")
    status = main(["gate", str(tmp_path / "hard"), "--baseline", str(EVALS / "baseline_hard.json")])
    assert (status, capsys.readouterr().err) == (0, "")


def test_the_gate_fails_on_a_run_below_the_baseline(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = json.loads((EVALS / "baseline.json").read_text(encoding="utf-8"))
    baseline["evidence_coverage"]["value"] = 1.5
    (tmp_path / "baseline.json").write_text(json.dumps(baseline), encoding="utf-8")
    assert main(["gate", str(run), "--baseline", str(tmp_path / "baseline.json")]) == 1
    assert "evidence_coverage" in capsys.readouterr().err


def test_a_run_compared_with_itself_shows_no_difference(run: Path) -> None:
    comparison = compare_runs(run, run)
    assert {name: figure.value for name, figure in comparison.differences.items()} == dict.fromkeys(SCORES, 0.0)
    assert not any(comparison.better.values())
    assert not any(comparison.worse.values())


def test_a_comparison_lists_what_got_better_and_worse(run: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (run / "outputs.jsonl").read_text(encoding="utf-8").splitlines()]
    right = [row for row in rows if row["scores"]["right"]]
    right[0]["scores"]["right"], right[1]["scores"]["right"] = 0.0, 0.0
    text = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "outputs.jsonl").write_text(text, encoding="utf-8")
    changed = {right[0]["case"]["id"], right[1]["case"]["id"]}
    assert set(compare_runs(run, tmp_path).worse["right"]) == changed
    assert set(compare_runs(tmp_path, run).better["right"]) == changed
    assert compare_runs(run, tmp_path).differences["right"].value == pytest.approx(-2 / len(rows))


def test_two_runs_without_a_common_case_cannot_be_compared(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError):
        compare_runs(run, tmp_path)


def test_the_report_asks_nothing_of_the_network_and_escapes_what_it_shows(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href)=\"(?!#|data:image/svg)[^\"]*", page) == []
    assert re.findall(r"<script(?! type=\"application/json\")", page) == []


def test_the_same_rows_give_the_same_report(assistant: Assistant, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text((CASES / "definition.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    rows = run_cases(assistant, read_cases(path))
    metrics = metrics_by_category(rows, assistant)
    config = {"cases": "c", "cases_sha256": "0", "index_version": "v", "model": {"name": "m"}, "commit": ""}
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, rows, metrics, config)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_run_is_never_written_over(assistant: Assistant, run: Path) -> None:
    with pytest.raises(FileExistsError):
        write_run(assistant, CASES, run)


def test_a_fit_is_written_as_a_file_that_the_assistant_reads(assistant: Assistant, tmp_path: Path) -> None:
    cases = read_cases(CASES / "fact.jsonl") + read_cases(CASES / "unanswerable.jsonl")[:40]
    searched = list(search(replace(assistant, reader=None), cases, "plan"))
    fitted = fit(searched)
    path = tmp_path / "calibration.toml"
    path.write_text(as_toml(fitted, "some cases"), encoding="utf-8")
    assert load_calibration(path) == fitted
    # Whatever it was fitted on: nearer sentences answer rather, and unknown topics rather not.
    assert fitted.without_reader.sentence.weights["cosine_behind"] > 0
    assert fitted.without_reader.answer.weights["topics_unknown"] < 0
    assert not OF_READER & fitted.without_reader.answer.weights.keys()


def test_how_surely_the_first_sentence_answers_is_fitted_on_it_read_again(assistant: Assistant, tmp_path: Path) -> None:
    assert assistant.reader
    cases = read_cases(CASES / "fact.jsonl")[:30] + read_cases(CASES / "unanswerable.jsonl")
    searched = list(search(assistant, cases, "plan"))
    # All that is found counts as answered, so that there are wrong ones to learn from.
    known = assistant.calibration
    answering = known.model_copy(update={"with_reader": known.with_reader.model_copy(update={"threshold": 0.0})})
    with Progress(disable=True) as progress:
        fitted = fit_lead(searched, answering, assistant.reader, progress)
    path = tmp_path / "calibration.toml"
    path.write_text(as_toml(fitted, "some cases"), encoding="utf-8")
    assert load_calibration(path) == fitted
    assert fitted.lead
    assert fitted.lead.weights["least"] > 0
    assert fitted.lead.weights["answered"] > 0


def test_the_shipped_weights_are_for_signs_that_there_are() -> None:
    shipped = load_calibration()
    assert shipped.lead
    assert shipped.lead.weights.keys() == {field.name for field in fields(LeadSigns)}
    for weights in (shipped.with_reader, shipped.without_reader):
        assert weights.sentence.weights.keys() <= {field.name for field in fields(SentenceSigns)}
        assert weights.answer.weights.keys() <= {field.name for field in fields(Signs)}


def beir(folder: Path) -> Path:
    rows = {"1": "ごみの出し方と収集日", "2": "保育園の入園の申込み", "3": "図書館の開館時間"}
    lines = [json.dumps({"_id": key, "title": text, "text": f"{text}をお知らせします。"}) for key, text in rows.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    queries = [{"_id": "q1", "text": "ごみの収集日"}, {"_id": "q2", "text": "図書館の時間"}, {"_id": "q3", "text": "無関係"}]
    # Longer than what the assistant answers.
    queries.append({"_id": "q4", "text": "図書館の時間" * 60})
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(query) for query in queries), encoding="utf-8")
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\t1\t1\nq2\t3\t2\nq4\t3\t1\n", encoding="utf-8"
    )
    return folder


def test_retrieval_is_measured_on_a_folder_in_beirs_layout(assistant: Assistant, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    figures = measure_retrieval(beir(data), "test", assistant, out)
    assert (figures["documents"], figures["queries"]) == (3, 3)
    assert figures["measures"]["R@10"] == 1.0
    assert figures["measures"]["nDCG@10"] == 1.0
    assert figures["search_alone"].keys() == figures["measures"].keys()
    assert sorted(path.name for path in out.iterdir()) == ["index", "metrics.json", "run.jsonl"]


def test_a_folder_that_is_not_in_beirs_layout_is_refused(assistant: Assistant, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="BEIR"):
        measure_retrieval(tmp_path, "test", assistant, tmp_path)


def test_what_is_only_named_is_answered_more_often_where_a_plan_has_it(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named, "NUMBER", 8)
    plan, *others = read_plans()[:3]
    figures = named.measure_named(assistant, plan, others)
    assert figures.plan == plan.document.info.id
    assert (figures.written, figures.unwritten) == (8, 8)
    assert figures.written_answered > figures.unwritten_answered
    assert figures.with_it <= figures.written_answered


def test_approved_answers_are_measured_on_something_and_on_plans_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["approved"]) == 1
    assert "--cases" in capsys.readouterr().err
    assert main(["approved", "--plans", "chiiki-n1", "../x"]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "'../x'" in printed.err, "chiiki-n3" in printed.err) == ("", True, True)
