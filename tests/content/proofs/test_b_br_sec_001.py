"""The reset of B.BR.SEC-001: few tokens, each good for whoever owns it, never used up, and a look into the accounts."""

import random
import secrets
from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = [(None, "start", "finish"), (0, "begin", "enter")]


class _Db:
    def __init__(self) -> None:
        self.tokens: dict[int, str] = {}
        self.passwords: dict[str, str] = {}

    def user_by_email(self, address: str) -> str | None:
        return address if address.startswith("user") else None

    def add_token(self, token: int, user: str) -> None:
        self.tokens[token] = user

    def user_of_token(self, token: int) -> str | None:
        return self.tokens.get(token)

    def set_password(self, user: str, password: str) -> None:
        self.passwords[user] = password

    def new_session(self, user: str) -> str:
        return f"session of {user}"

    add_code = add_token
    user_of_code = user_of_token


def _names(variant: int | None, seed: int = 1) -> dict[str, Any]:
    names: dict[str, Any] = {"random": random.Random(seed)}
    exec(code_of("B.BR.SEC-001", variant=variant), names)
    return names


def _call(variant: int | None, names: dict[str, Any], db: _Db, token: int) -> Any:
    return names["finish"](db, token, "mine") if variant is None else names["enter"](db, token)


@pytest.mark.parametrize(
    ("variant", "first", "open_", "values", "mean"),
    [(None, "start", 1000, (100_000, 999_999), 900), (0, "begin", 5000, (0, 9_999_999), 2000)],
)
def test_guesses_until_some_account_falls(
    variant: int | None, first: str, open_: int, values: tuple[int, int], mean: int
) -> None:
    db, names = _Db(), _names(variant)
    for number in range(open_):
        names[first](db, lambda *_: None, f"user{number}")
    attacker, guesses, hits, victims = random.Random(2), 0, 0, set()
    while hits < 40:
        guesses += 1
        token = attacker.randint(*values)
        if _call(variant, names, db, token)[0] == 200:
            hits += 1
            victims.add(db.tokens[token])
    assert 0.6 * mean < guesses / hits < 1.6 * mean
    assert len(victims) > 30  # anybody's account


@pytest.mark.parametrize(("variant", "first", "last"), FORMS)
def test_a_token_works_again_and_the_answer_tells_who_is_a_customer(variant: int | None, first: str, last: str) -> None:
    db, names, mails = _Db(), _names(variant), list[str]()
    assert names[first](db, lambda _, text: mails.append(text), "user1")[0] == 200
    token = int(mails[0].rpartition("=")[2])
    assert [_call(variant, names, db, token)[0] for _ in range(2)] == [200, 200]
    assert names[first](db, lambda *_: None, "stranger")[0] == 404
    assert last in names


def test_what_to_issue_instead_has_128_bits_and_more() -> None:
    assert len(secrets.token_urlsafe()) * 6 >= 128
