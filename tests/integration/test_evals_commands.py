from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from evals.calibrate import fit
from evals.cases import read_cases
from evals.retrieval import DataSetError, measure_retrieval
from evals.run import write_run
from tests.fakes import BigramEmbeddings

CASES = Path(__file__).parents[2] / "evals" / "cases" / "plan.jsonl"

# What the shipped cases reach today; a change that lowers one of these is to be looked at, not waved through.
FLOORS = {
    "evidence_coverage": 0.93,
    "fact_coverage": 0.94,
    "first_citation_right": 0.85,
    "balanced_accuracy": 0.94,
    "quotes_exact": 1.0,
}


@pytest.fixture(scope="module")
def run(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "plan"
    write_run(assistant, CASES, out)
    return out


def test_a_run_leaves_its_four_files(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == ["config.json", "metrics.json", "outputs.jsonl", "report.html"]
    rows = [json.loads(line) for line in (run / "outputs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["case"]["id"] for row in rows] == [case.id for case in read_cases(CASES)]


def test_quality_on_the_shipped_cases_is_not_lower_than_it_was(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["all"]
    assert {name: metrics[name]["value"] for name, floor in FLOORS.items() if metrics[name]["value"] < floor} == {}
    assert metrics["quotes_per_answer"]["value"] <= 3


def test_the_report_asks_nothing_of_the_network_and_escapes_what_it_shows(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_a_run_is_never_written_over(assistant: Assistant, run: Path) -> None:
    with pytest.raises(FileExistsError):
        write_run(assistant, CASES, run)


def test_the_shipped_calibration_is_what_the_command_fits(assistant: Assistant) -> None:
    from assistant.decide import CALIBRATION

    fitted = fit(assistant, read_cases(CASES)).calibration
    # The last digits of a cosine differ between processors.
    assert fitted.weights == pytest.approx(CALIBRATION.weights, abs=0.3, rel=0.05)
    assert fitted.bias == pytest.approx(CALIBRATION.bias, rel=0.05)


def beir(folder: Path) -> Path:
    rows = {"1": "ごみの出し方と収集日", "2": "保育園の入園の申込み", "3": "図書館の開館時間"}
    lines = [json.dumps({"_id": key, "title": text, "text": f"{text}をお知らせします。"}) for key, text in rows.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    queries = [{"_id": "q1", "text": "ごみの収集日"}, {"_id": "q2", "text": "図書館の時間"}, {"_id": "q3", "text": "無関係"}]
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(query) for query in queries), encoding="utf-8")
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t1\t1\nq2\t3\t2\n", encoding="utf-8")
    return folder


def test_retrieval_is_measured_on_a_folder_in_beirs_layout(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    figures = measure_retrieval(beir(data), "test", BigramEmbeddings(), out)
    assert (figures["documents"], figures["queries"]) == (3, 2)
    assert figures["measures"]["R@10"] == 1.0
    assert figures["measures"]["nDCG@10"] == 1.0
    assert sorted(path.name for path in out.iterdir()) == ["index", "metrics.json", "run.jsonl"]


def test_a_folder_that_is_not_in_beirs_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="BEIR"):
        measure_retrieval(tmp_path, "test", BigramEmbeddings(), tmp_path)
