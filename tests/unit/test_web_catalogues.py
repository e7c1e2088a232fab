from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from assistant.contacts import City, load_contacts
from assistant.errors import ConfigurationError, InvalidQuestionError, PersonalDataError
from assistant.settings import SHIPPED_CONTACTS
from web.assets import Assets
from web.catalogue import FOLDER, LANGUAGES, load_catalogues, read_texts
from web.errors import Problem, question_problem
from web.staff.pages import TEXTS as STAFF_TEXTS
from web.theme import contrast, theme_css

WEB = FOLDER.parent
TEMPLATES = sorted(path for path in (WEB / "templates").rglob("*") if path.is_file())
SCRIPTS_AND_STYLES = sorted([*(WEB / "static/js").iterdir(), *(WEB / "static/css").iterdir()])
LETTERS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
# Texts that are no language: a standard's name, a column of addresses.
NEUTRAL = {"WCAG", "URL", ":", "…", "|"}
KEY = re.compile(r'\bt\("([a-z_]+\.[a-z0-9_]+)"(?! ~)')
BUILT_KEYS = {"chat.": ("working", "still", "stopped", "failed"), "accessibility.": ("passed", "failed", "undecided")}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_catalogue_has_every_text_with_the_same_places_to_fill() -> None:
    catalogues = load_catalogues()
    for language in LANGUAGES:
        for key, text in catalogues["ja"].texts.items():
            assert fields(catalogues[language].texts[key]) == fields(text), (language, key)
            assert catalogues[language].texts[key].strip() or key in ("chat.quotes", "plan.japanese"), (language, key)


def test_a_catalogue_that_misses_a_text_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for language in LANGUAGES:
        text = (FOLDER / f"{language}.toml").read_text("utf-8")
        (tmp_path / f"{language}.toml").write_text(
            text if language != "ko" else text.replace("send =", "sent =", 1), "utf-8"
        )
    monkeypatch.setattr("web.catalogue.FOLDER", tmp_path)
    with pytest.raises(ConfigurationError, match=r"ko: chat\.send, chat\.sent"):
        load_catalogues()


def test_foreign_catalogues_are_translated_and_the_plain_one_gives_every_reading() -> None:
    catalogues = load_catalogues()
    for language in ("en", "ko", "vi"):
        japanese = {k: v for k, v in catalogues[language].texts.items() if LETTERS.search(re.sub("[\uac00-\ud7a3]", "", v))}
        assert japanese.keys() <= {"answer.source"}
    for key, text in catalogues["easy"].texts.items():
        # Kanji end in their kana and the reading: 計画（けいかく）. 【出典】 is a fixed mark.
        bare = re.sub("[一-鿿々]+[ぁ-んァ-ン]*[一-鿿々]*（[ぁ-ん ー]+）", "", text)
        assert key in ("answer.source", "site.own_name") or not re.search("[一-鿿]", bare), (key, text)


@pytest.mark.parametrize("path", SCRIPTS_AND_STYLES, ids=lambda path: path.name)
def test_no_text_of_the_interface_stands_in_a_script_or_a_style_sheet(path: Path) -> None:
    text = path.read_text("utf-8")
    code = re.sub(r"^\s*//.*$|/\*.*?\*/", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not LETTERS.findall(code.replace("[々〆\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff]", ""))
    assert not re.findall(r"""["'`][A-Z][a-z]+ [a-z]+[^"'`]*["'`]""", code)
    assert "innerHTML" not in text
    assert "insertAdjacentHTML" not in text
    assert "outerHTML" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_the_interface_stands_in_a_template(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.suffix == ".j2":
        assert not LETTERS.search(text)
        return
    visible = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    words = {
        word for word in re.sub(r'<[^>]+>|[\w-]+="[^"]*"?', " ", visible).split() if re.search(r"\w|[^\x00-\x7f]", word)
    }
    assert words <= {*NEUTRAL, "（", "）", "｜", "：", "›"}
    attributes = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"{]+)"', text)
    assert attributes == []
    assert " style=" not in text
    assert not re.findall(r"\son[a-z]+=", text)


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    texts = load_catalogues()["ja"].texts
    of_staff = {key for path in STAFF_TEXTS for key in read_texts(path)}
    sources = [path.read_text("utf-8") for path in (*TEMPLATES, *WEB.rglob("*.py"))]
    named = {key for key in texts for source in sources if f'"{key}"' in source or f"'{key}'" in source}
    built = {prefix + name for prefix, names in BUILT_KEYS.items() for name in names}
    built |= {key for key in texts if key.startswith(("errors.", "feedback.reason_", "identifiers."))}
    assert set(texts) - named - built == set()
    assert {key for source in sources for key in KEY.findall(source)} <= set(texts) | of_staff


def test_every_problem_has_its_text() -> None:
    tree = ast.parse((WEB / "errors.py").read_text("utf-8"))
    codes = {
        call.args[1].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == Problem.__name__
        and isinstance(call.args[1], ast.Constant)
    }
    codes |= {question_problem(InvalidQuestionError(reason)).code for reason in ("empty", "too_long", "not_text")}
    codes.add(question_problem(PersonalDataError("phone")).code)
    for catalogue in load_catalogues().values():
        assert {f"errors.{code}" for code in codes} == {key for key in catalogue.texts if key.startswith("errors.")}


def test_vendored_files_are_the_ones_that_were_vendored() -> None:
    vendor = WEB / "static/vendor"
    folders = [path for path in vendor.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
        assert sums.keys() == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
        assert "LICENSE" in sums
        for name, digest in sums.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_static_file_has_its_hash_in_its_name_and_modules_import_each_other_by_it() -> None:
    assets = Assets({"theme.css": b"a"})
    changed = Assets({"theme.css": b"b"})
    assert assets.url("theme.css") != changed.url("theme.css")
    main = assets.find(assets.url("js/main.js").removeprefix("/static/"))
    assert main is not None
    for name in re.findall(r'"(/static/[^"]+)"', main.content.decode()):
        assert assets.find(name.removeprefix("/static/"))
    assert "./" not in re.sub("//.*", "", main.content.decode())


def test_the_citys_name_stands_in_no_template_and_no_catalogue() -> None:
    city = load_contacts(SHIPPED_CONTACTS).city
    for path in (*TEMPLATES, *FOLDER.iterdir(), *SCRIPTS_AND_STYLES):
        text = path.read_text("utf-8")
        assert not [name for name in (city.name, *city.names.values(), city.colour) if name in text], path


def test_a_city_colour_that_could_not_be_read_is_refused_with_its_contrast() -> None:
    assert b"--city: #14544f" in theme_css(City(name="朝霞市"))
    with pytest.raises(ConfigurationError, match=r"colour = #ffd43d .* 1\.\d\d:1"):
        theme_css(City(name="朝霞市", colour="#ffd43d"))
    assert round(contrast("#000000", "#ffffff"), 1) == 21


def test_contacts_of_a_city_with_a_wrong_colour_are_refused(tmp_path: Path) -> None:
    tables = SHIPPED_CONTACTS.read_text("utf-8").replace('"#14544f"', '"red; } body { display: none"')
    assert tomllib.loads(tables)
    (tmp_path / "contacts.toml").write_text(tables, "utf-8")
    with pytest.raises(ConfigurationError, match="colour"):
        load_contacts(tmp_path / "contacts.toml")
