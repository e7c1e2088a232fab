"""`python -m web user …`: accounts from the command line. A password is typed or piped in, never an argument."""

from __future__ import annotations

import argparse
import getpass
import sys

from assistant.settings import Settings
from web.staff.passwords import WeakPasswordError, hash_password
from web.storage.accounts import ROLES, AccountError, AccountStore
from web.storage.database import StorageUnavailableError, database_of

WHO = "command line"


def add_user_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `user` to the program's commands."""
    actions = commands.add_parser("user", help="staff accounts").add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make an account; its password is asked for, or read from a pipe")
    add.add_argument("name")
    add.add_argument("--role", choices=ROLES, default="viewer")
    add.add_argument("--no-password", action="store_true", help="for someone whom the trusted proxy names")
    actions.add_parser("list", help="list all accounts")
    for action, what in (("disable", "keep out"), ("enable", "let in again"), ("password", "give another password")):
        actions.add_parser(action, help=f"{what}; ends all sessions of the account").add_argument("name")
    role = actions.add_parser("role", help="give another role; ends all sessions of the account")
    role.add_argument("name")
    role.add_argument("role", choices=ROLES)


def run_user_command(options: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """Run what was asked for; returns the exit status and what to say."""
    database = database_of(settings)
    try:
        return 0, _run(options, AccountStore(database))
    except (AccountError, WeakPasswordError) as error:
        return 1, str(error)
    except StorageUnavailableError as error:
        return 1, f"データベースを使えません: {error}"
    finally:
        database.close()


def _run(options: argparse.Namespace, accounts: AccountStore) -> str:
    match options.action:
        case "add":
            accounts.add(WHO, options.name, options.role, None if options.no_password else hash_password(_password()))
        case "disable" | "enable":
            accounts.set_active(WHO, options.name, options.action == "enable")
        case "password":
            accounts.set_password(WHO, options.name, hash_password(_password()))
        case "role":
            accounts.set_role(WHO, options.name, options.role)
        case _:
            lines = [f"{a.name}\t{a.role}\t{'' if a.active else '停止中'}".rstrip() for a in accounts.list()]
            return "\n".join(lines) or "利用者はいません。"
    return f"{options.name}: {'作成' if options.action == 'add' else '変更'}しました。"


def _password() -> str:
    """Read a password: twice from a person, one line from a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    password = getpass.getpass("パスワード: ")
    if getpass.getpass("もう一度: ") != password:
        raise WeakPasswordError("2回の入力が違います。")
    return password
