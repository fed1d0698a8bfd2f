"""A.GOOD.CRUD-001: a generated update that knows neither owner nor permitted fields."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class App:
    """Stands in for a web framework: the decorator leaves the function as it is."""

    def patch(self, path: str) -> Any:
        assert "{id}" in path
        return lambda function: function

    put = patch


class Database:
    def __init__(self, rows: dict[int, SimpleNamespace]) -> None:
        self.rows, self.committed = rows, 0

    def get(self, kind: object, key: int) -> SimpleNamespace | None:
        return self.rows.get(key)

    def commit(self) -> None:
        self.committed += 1


def _handler(name: str, db: Database, **which: Any) -> Any:
    space: dict[str, Any] = {"app": App(), "db": db, "Invoice": object(), "User": object()}
    exec(code_of("A.GOOD.CRUD-001", **which), space)
    return space[name]


def test_a_customer_of_tenant_7_marks_an_invoice_of_tenant_9_as_paid() -> None:
    db = Database({1001: SimpleNamespace(id=1001, tenant_id=9, address="", note="", total=80, paid=False)})
    update = _handler("update", db)
    update(1001, {"paid": True, "total": 1, "tenant_id": 7}, SimpleNamespace(tenant_id=7))
    row = db.rows[1001]
    assert (row.paid, row.total, row.tenant_id, db.committed) == (True, 1, 7, 1)
    with pytest.raises(AttributeError):
        update(5, {"paid": True}, SimpleNamespace(tenant_id=7))  # an unknown id is no 404


def test_a_member_of_org_3_makes_himself_owner_in_org_4() -> None:
    db = Database({88: SimpleNamespace(id=88, org_id=4, name="", photo="", role="member", credits=0)})
    _handler("save", db, variant=0)(88, {"role": "owner", "credits": 10**6}, SimpleNamespace(id=1, org_id=3))
    assert (db.rows[88].role, db.rows[88].credits) == ("owner", 10**6)


def test_the_two_changes_of_the_answer_close_both() -> None:
    row = SimpleNamespace(id=1001, tenant_id=9, address="", note="", total=80, paid=False)

    def update(key: int, body: dict[str, object], user: SimpleNamespace) -> int:
        if body.keys() - {"address", "note"}:
            return 422
        found = row if (key, user.tenant_id) == (row.id, row.tenant_id) else None
        if found is None:
            return 404
        for name, value in body.items():
            setattr(found, name, value)
        return 200

    stranger, owner = SimpleNamespace(tenant_id=7), SimpleNamespace(tenant_id=9)
    assert update(1001, {"note": "x"}, stranger) == 404
    assert update(1001, {"paid": True}, owner) == 422
    assert (update(1001, {"note": "x"}, owner), row.note, row.paid) == (200, "x", False)
