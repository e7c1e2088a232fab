from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.clean import clean
from corpus.documents import read_documents
from corpus.errors import DocumentError
from corpus.fold import fold
from corpus.headings import names_an_aim, parse_heading
from corpus.lines import tidy, undouble
from corpus.model import Document, DocumentInfo
from corpus.passages import MAX_PASSAGE_CHARS, split_passages
from corpus.read import MAX_ABOUT_BYTES, MAX_FILE_BYTES, MAX_FOLDER_BYTES, RawDocument, document_paths, read_file
from corpus.sections import place_blocks, split_sections
from corpus.sentences import split_sentences
from corpus.windows import merge_windows, split_windows
from index.build import source_hashes
from index.paths import SHIPPED_DOCUMENTS
from tests.conftest import REPOSITORY

JAPANESE = st.text(alphabet="あいう漢字計画。「」（）！\n ａA1、", max_size=80)


def document(text: str, *, markdown: bool = False, name: str = "d") -> Document:
    info = DocumentInfo(id=name, title=name)
    return place_blocks(info, clean(RawDocument(info, text, markdown, "")), "")


def texts(found: Document, kind: str = "paragraph") -> list[str]:
    return [found.text[block.start : block.end] for block in found.blocks if block.kind == kind]


@given(st.text(alphabet="基本目標２安全・ＳＤａ", min_size=2, max_size=20))
def test_a_doubled_line_comes_out_once(line: str) -> None:
    assert undouble("".join(char * 2 for char in line)) == line


@pytest.mark.parametrize("line", ["ママと子ども", "ささ", "１１月１１日", "国々の人々", "", "次期"])
def test_a_line_that_is_not_doubled_throughout_stays(line: str) -> None:
    assert undouble(line) == line


def test_doubled_words_between_spaces_come_out_once() -> None:
    assert undouble("第第４４期期 次次 期期") == "第４期 次 期"


@given(st.text(max_size=60))
def test_tidying_twice_changes_nothing(line: str) -> None:
    assert tidy(tidy(line)) == tidy(line)


@pytest.mark.parametrize(
    ("line", "clean_line"),
    [
        ("　計画\t の 期間 ", "計画 の 期間"),
        ("計\u200b画\ufeff", "計画"),
        ("か\u3099き\u3099", "がぎ"),
        ("\U000e0041計画", "計画"),
    ],
)
def test_invisible_letters_and_outer_spaces_go(line: str, clean_line: str) -> None:
    assert tidy(line) == clean_line


@given(JAPANESE)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_makes_widths_cases_and_dashes_equal() -> None:
    assert fold("ＳＤＧｓ　〜 Ａ－Ｂ") == fold("sdgs~a-b")


@pytest.mark.parametrize(
    ("line", "style", "number"),
    [
        ("１ 計画策定の背景", "number", 1),
        ("12．施策の展開", "number", 12),
        ("第２章 現状と課題", "chapter", None),
        ("基本目標３ 市民の暮らし", "goal", 3),
        ("〇社会福祉法の改正", "〇", None),
        ("■「市民」と「住民」とは", "■", None),
        ("■４助：「自助」・「互助」について", "■", None),
        ("○市の取組", "○", None),
        ("（２）相談体制", "(1)", 2),
    ],
)
def test_the_marks_of_public_documents_make_headings(line: str, style: str, number: int | None) -> None:
    heading = parse_heading(line)
    assert heading is not None
    assert (heading.style, heading.number) == (style, number)


@pytest.mark.parametrize(
    "line",
    [
        "市では計画を策定しました。",
        "■日時：５月１１日",
        "１０ 時から始めます",
        "令和3 令和4 令和5",
        "基本目標に沿って、",
        "３つの支援",
        "〇" + "長" * 60,
    ],
)
def test_sentences_and_entries_are_no_headings(line: str) -> None:
    assert parse_heading(line) is None


@pytest.mark.parametrize(
    ("line", "names_one"),
    [
        ("基本目標１ 安心して暮らせるまち", True),
        ("施策2　担い手を育てる", True),
        ("基本目標１", False),
        ("基本目標１　", False),
        ("基本目標　１", False),
        ("基本目標　１　つながる", True),
        ("１ 計画の期間", False),
        ("○市の取組", False),
        ("基本目標１は、安心して暮らせるまちです。", False),
        ("基本目標１ 安心して暮らせるまち………１２", False),
    ],
)
def test_a_heading_names_an_aim_where_its_number_is_followed_by_words(line: str, names_one: bool) -> None:
    assert names_an_aim(line) == names_one


def test_windows_that_overlap_give_each_line_once_in_order() -> None:
    windows = [["１ 背景", "あ", "い", "う"], ["い", "う", "え", "２ 期間", "お"]]
    assert merge_windows(windows) == ["１ 背景", "あ", "い", "う", "え", "２ 期間", "お"]


def test_numbered_sections_are_ordered_by_number_where_pages_are_swapped() -> None:
    assert merge_windows([["２ 期間", "い", "１ 背景", "あ"]]) == ["１ 背景", "あ", "２ 期間", "い"]


def test_headings_that_recur_stay_under_their_own_goal() -> None:
    windows = [
        ["６ 振り返り", "基本目標１ 心", "○市の取組", "あ", "い"],
        ["い", "う", "○社協の取組", "え"],
        ["基本目標２ 安全", "○市の取組", "お"],
    ]
    assert merge_windows(windows) == [
        *["６ 振り返り", "基本目標１ 心", "○市の取組", "あ", "い", "う", "○社協の取組", "え"],
        *["基本目標２ 安全", "○市の取組", "お"],
    ]


def test_a_topic_belongs_to_the_section_before_the_number_that_follows_it() -> None:
    windows = [
        ["５ 情勢", "あ", "〇法の改正", "い"],
        ["〇目標", "う", "６ 振り返り", "え"],
        ["６ 振り返り", "え", "〇目標", "う"],
    ]
    assert merge_windows(windows) == ["５ 情勢", "あ", "〇法の改正", "い", "〇目標", "う", "６ 振り返り", "え"]


def test_lines_that_no_other_window_holds_are_never_lost() -> None:
    assert set(merge_windows([["１ 背景", "あ"], ["ん", "を"]])) == {"１ 背景", "あ", "ん", "を"}


def test_a_line_that_begins_with_one_space_begins_a_window() -> None:
    assert split_windows([" あ", "い", "  う", " え", "", " "]) == [[" あ", "い", "  う"], [" え", ""]]


def test_hard_wrapped_lines_become_one_paragraph_and_empty_lines_part_two() -> None:
    full = "あ" * 39 + "い"
    found = document(f"{full}\n{full}\n終わり。\n\n次の段落です。\n")
    assert texts(found) == [f"{full}{full}終わり。", "次の段落です。"]


def test_empty_lines_after_every_line_part_nothing() -> None:
    full = "いろはにほへと" * 6
    found = document("\n\n".join([full, full, full, full, "終わり。", "次の段落です。"]))
    assert texts(found) == [full * 4 + "終わり。", "次の段落です。"]


def test_latin_words_at_a_line_break_keep_their_space() -> None:
    assert texts(document("計画の英語名は次のとおりである。これは長い行の例となる regional\nwelfare plan です。")) == [
        "計画の英語名は次のとおりである。これは長い行の例となる regional welfare plan です。"
    ]


def test_entries_of_a_list_stay_apart() -> None:
    found = document(
        "対象は次のとおりです。\n・市内に住んでいる人で、六十五歳以上の人であること\n・市内で働いている人\n※申込は要りません。\n"
    )
    assert texts(found) == [
        "対象は次のとおりです。",
        "・市内に住んでいる人で、六十五歳以上の人であること",
        "・市内で働いている人",
        "※申込は要りません。",
    ]


def test_text_before_the_first_heading_has_an_empty_path() -> None:
    found = document("はじめの文です。\n\n１ 背景\n\n次の文です。\n")
    assert [section.path for section in split_sections(found)] == [(), ("１ 背景",)]


def test_markdown_shows_what_a_reader_sees() -> None:
    found = document(
        "---\ntitle: x\n---\n# 計画\n\n<!-- 隠れた文 -->\n\n**本文**は[ここ](https://example.jp)\nです。\n\n## 期間\n\n"
        "- 五年間\n- 見直し\n\n| 年 | 件 |\n|---|---|\n| 2021 | 5 |\n\n<script>alert(1)</script>\n",
        markdown=True,
    )
    assert texts(found, "heading") == ["計画", "期間"]
    assert texts(found) == ["本文はここです。", "五年間", "見直し", "年：2021、件：5"]
    assert "隠れた" not in found.text
    assert "alert" not in found.text


@given(JAPANESE)
def test_sentences_hold_every_letter_in_order_and_are_their_spans(text: str) -> None:
    found = split_sentences(text, 0, len(text))
    assert "".join("".join(s.text.split()) for s in found) == "".join(text.split())
    assert all(text[s.start : s.end] == s.text and s.text for s in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("一。二。", ["一。", "二。"]),
        (
            "法（平成２８年。以下「法」という。）を施行した。次。",
            ["法（平成２８年。以下「法」という。）を施行した。", "次。"],
        ),
        ("「誰一人（ ）を理念の下。次。", ["「誰一人（ ）を理念の下。", "次。"]),
        ("本当！？はい。", ["本当！？", "はい。"]),
        ("途中で切れた", ["途中で切れた"]),
        ("一行目\n二行目。", ["一行目", "二行目。"]),
    ],
)
def test_a_full_stop_ends_a_sentence_only_outside_of_brackets(text: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text, 0, len(text))] == sentences


def test_an_aims_heading_is_a_passage_beside_its_text_and_under_what_encloses_it() -> None:
    found = split_passages(document("第１章 方針\n\n基本目標１ つながる\n\n本文です。\n\n基本目標２\n\n次の本文です。"))
    assert [(passage.section, passage.text) for passage in found] == [
        (("第１章 方針",), "基本目標１ つながる"),
        (("第１章 方針", "基本目標１ つながる"), "本文です。"),
        (("第１章 方針", "基本目標２"), "次の本文です。"),
    ]


def test_every_paragraph_is_in_exactly_one_passage() -> None:
    paragraphs = [f"{n}番目の段落です。" * (n * 3) for n in range(1, 8)]
    found = document("１ 背景\n\n" + "\n\n".join(paragraphs))
    passages = split_passages(found)
    covered = sorted((passage.start, passage.end) for passage in passages)
    for block in found.blocks[1:]:
        assert sum(start <= block.start and block.end <= end for start, end in covered) == 1
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(covered))


def test_an_over_long_paragraph_is_cut_where_sentences_end() -> None:
    passages = split_passages(document("とても長い段落の中の一つの文です。" * 80))
    assert len(passages) > 1
    assert all(len(passage.text) <= MAX_PASSAGE_CHARS and passage.text.endswith("。") for passage in passages)


def test_short_entries_are_found_together() -> None:
    passages = split_passages(document("■講座\n\n日時：５月１１日\n\n定員：１０人\n\n費用：無料\n"))
    assert [passage.text for passage in passages] == ["日時：５月１１日\n\n定員：１０人\n\n費用：無料"]


def test_a_passages_id_depends_on_document_place_and_text_alone() -> None:
    text = "１ 背景\n\n" + "ある段落です。" * 20
    first, again, elsewhere = (split_passages(document(text, name=name))[0].id for name in ("d", "d", "e"))
    assert first == again != elsewhere
    moved = split_passages(document("まえがきの段落です。" * 20 + "\n\n" + text))[-1].id
    assert moved == first


def test_the_same_paragraph_twice_is_two_passages() -> None:
    paragraph = "同じ段落が二度あります。" * 10
    ids = [passage.id for passage in split_passages(document(f"{paragraph}\n\n{paragraph}"))]
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_japanese_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_bytes("計画の期間は①５年間です。".encode(encoding))
    assert read_file(path).text == "計画の期間は①５年間です。"


def read_folder(folder: Path) -> list[RawDocument]:
    return [read_file(path) for path in document_paths(folder)]


@pytest.mark.parametrize("data", [b"\x81\xff\xff\xfe", b"", "　\n".encode(), "計画".encode("utf-16"), b"%PDF-1.7\0\0"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_bytes(data)
    with pytest.raises(DocumentError, match=r"plan\.txt"):
        read_folder(tmp_path)


def test_a_file_or_a_folder_that_is_no_plans_by_its_size_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "plan.txt").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"read: {path}"))
    with pytest.raises(DocumentError, match=r"大きすぎます.*plan\.txt"):
        read_folder(tmp_path)
    for number in range(MAX_FOLDER_BYTES // MAX_FILE_BYTES + 1):
        with (tmp_path / f"{number}.txt").open("wb") as file:
            file.truncate(MAX_FILE_BYTES)
    with pytest.raises(DocumentError, match="多すぎます"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<a b="' * 300_000, id="attributes that never end"),
        pytest.param("<!" * 300_000, id="declarations that never end"),
    ],
)
def test_a_document_that_a_parser_never_gets_through_is_named_and_ends_what_reads_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "1.md").write_text("計画です。", encoding="utf-8")
    (tmp_path / "2.md").write_text(text, encoding="utf-8")
    (tmp_path / "3.md").write_text("計画です。", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"2\.md"):
        read_documents(tmp_path, seconds_a_document=1)


def test_documents_are_read_where_the_machine_itself_limits_its_processes(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text("計画です。", encoding="utf-8")
    limited = (
        "import pathlib, resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (50, 50));"
        "resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9));"
        "from corpus.documents import read_documents; read_documents(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", limited, tmp_path], check=True, cwd=REPOSITORY)


def test_a_program_that_cannot_read_is_not_the_documents_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.md").write_text("計画です。", encoding="utf-8")
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(DocumentError, match="プログラムが動きません"):
        read_documents(tmp_path)


def test_whether_documents_have_changed_is_known_without_parsing_any(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text('<a b="' * 300_000, encoding="utf-8")
    # A parser of TOML takes hours for it.
    (tmp_path / "plan.toml").write_text("a" + ".a" * 400_000 + " = 1", encoding="utf-8")
    before = source_hashes(tmp_path)
    (tmp_path / "plan.toml").write_text("b" + ".a" * 400_000 + " = 1", encoding="utf-8")
    after = source_hashes(tmp_path)
    assert (list(before), list(after), before == after) == (["plan"], ["plan"], False)


def test_documents_are_read_apart_as_they_are_read_here(plan: Document, tmp_path: Path) -> None:
    for beside in (SHIPPED_DOCUMENTS / f"{plan.info.id}{suffix}" for suffix in (".txt", ".toml", ".questions.jsonl")):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    (tmp_path / "other.md").write_text("# 架空市の計画\n\n𠮟られた子の相談先です。", encoding="utf-8")
    first, other = read_documents(tmp_path)
    assert len(first.questions) > 1_000
    assert replace(first, questions=()) == plan
    assert other.text == "架空市の計画\n\n𠮟られた子の相談先です。"


@pytest.mark.parametrize(
    "about",
    ["titel = 'x'", "title = 5", "= x", "valid_to = 'soon'", "title = " + "[" * 50_000, "#" * MAX_ABOUT_BYTES + "#"],
    ids=["key", "type", "no TOML", "date", "nested", "large"],
)
def test_wrong_metadata_is_an_error_that_names_its_file(about: str, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("本文です。", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(about, encoding="utf-8")
    with pytest.raises(DocumentError, match=r"plan\.toml"):
        read_folder(tmp_path)


def test_a_file_that_the_system_does_not_give_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("本文です。", encoding="utf-8")
    (tmp_path / "plan.toml").mkdir()
    with pytest.raises(DocumentError, match=r"読めません.*plan\.toml"):
        read_documents(tmp_path)


def test_two_files_of_one_name_and_a_folder_without_documents_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        read_folder(tmp_path / "none")
    with pytest.raises(DocumentError):
        read_folder(tmp_path)
    (tmp_path / "a.txt").write_text("本文です。", encoding="utf-8")
    (tmp_path / "a.md").write_text("本文です。", encoding="utf-8")
    with pytest.raises(DocumentError, match="同じ名前"):
        read_folder(tmp_path)


def test_anticipated_questions_say_where_the_document_answers_however_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text(
        "計画の期間は５年間です。\n\nＳＤＧｓを意識します。\n\nﾎﾞﾗﾝﾃｨｱの計画です。\n", encoding="utf-8"
    )
    before = source_hashes(tmp_path)
    lines = [
        '{"question": "何年?", "answers": ["5年間"]}',
        "",
        '{"question": "SDGs", "answers": ["SDGsを", "期間"]}',
        '{"question": "誰の?", "answers": ["ﾎﾞﾗﾝﾃｨｱ"]}',
        '{"question": "何を作った?", "answers": ["計画"]}',
    ]
    (tmp_path / "plan.questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (document,) = read_documents(tmp_path)
    found = [(asked.text, [document.text[slice(*span)] for span in asked.answers]) for asked in document.questions]
    assert found == [
        ("何年?", ["５年間"]),
        ("SDGs", ["ＳＤＧｓを", "期間"]),
        ("誰の?", ["ﾎﾞﾗﾝﾃｨｱ"]),
        ("何を作った?", ["計画", "計画"]),
    ]
    assert source_hashes(tmp_path) != before


@pytest.mark.parametrize(
    "line",
    [
        '{"question": "何年?", "answers": ["6年間"]}',
        '{"question": "何年?", "answers": []}',
        '{"question": "", "answers": ["5年間"]}',
        '{"question": "何年?", "answers": [" "]}',
        '{"question": "何年?", "answers": ["5年間"], "more": 1}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_line_that_is_no_anticipated_question_is_an_error_that_names_it(line: str, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("計画の期間は５年間です。\n", encoding="utf-8")
    good = '{"question": "何年?", "answers": ["5年間"]}'
    (tmp_path / "plan.questions.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"plan\.questions\.jsonl:2"):
        read_documents(tmp_path)


def test_a_change_of_the_metadata_changes_the_sources_hash(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("本文です。", encoding="utf-8")
    before = read_file(path).source_sha256
    (tmp_path / "plan.toml").write_text("title = 'x'", encoding="utf-8")
    assert read_file(path).source_sha256 != before
