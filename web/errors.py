"""Errors that a visitor can meet: a status, a code, a kind sentence. Never the input, never a stack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """All that is said about an error; `message` is one of the constants below or the core's own wording."""

    status: int
    code: str
    message: str


class WebError(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


TOO_LARGE = Problem(413, "too_large", "送られた内容が大きすぎます。質問は300文字までで入力してください。")
NOT_JSON_TYPE = Problem(415, "unsupported_media_type", "JSON（application/json）で送ってください。")
NOT_FORM_TYPE = Problem(415, "unsupported_media_type", "画面の入力欄から送ってください。")
NOT_JSON = Problem(400, "not_json", "送られた内容を読み取れませんでした。もう一度入力してください。")
WRONG_FIELDS = Problem(422, "wrong_fields", "質問を文字で入力してください。")
NOT_FOUND = Problem(404, "not_found", "ページが見つかりません。")
WRONG_METHOD = Problem(405, "method_not_allowed", "この操作はできません。")
STARTING = Problem(503, "starting", "準備をしています。少し待ってから、もう一度お試しください。")
NO_INDEX = Problem(503, "not_ready", "ただいまお答えできません。しばらくしてから、もう一度お試しください。")
INTERNAL = Problem(500, "internal", "うまくお答えできませんでした。もう一度お試しください。")
BAD_REQUEST = Problem(400, "bad_request", "送られた内容を読み取れませんでした。")
