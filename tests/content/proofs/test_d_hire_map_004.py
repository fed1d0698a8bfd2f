"""D.HIRE.MAP-004: swap with the last and shorten; the careless order of updates brings the last one back."""

from random import Random


class Alive:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.at: dict[str, int] = {}

    def join(self, one: str) -> None:
        self.at[one] = len(self.ids)
        self.ids.append(one)

    def leave(self, one: str) -> None:
        gap, last = self.at[one], self.ids[-1]
        self.ids[gap] = last
        self.at[last] = gap
        self.ids.pop()
        del self.at[one]

    def careless(self, one: str) -> None:
        gap, last = self.at.pop(one), self.ids[-1]
        self.ids[gap] = last
        self.at[last] = gap
        self.ids.pop()


def test_array_and_map_agree_after_many_changes() -> None:
    draw, alive, model = Random(4), Alive(), set[str]()
    for n in range(500):
        if model and draw.random() < 0.5:
            gone = draw.choice(sorted(model))
            alive.leave(gone)
            model.remove(gone)
        else:
            alive.join(f"w{n}")
            model.add(f"w{n}")
        assert set(alive.ids) == model == set(alive.at)
        assert len(alive.ids) == len(model)
        assert all(alive.ids[at] == one for one, at in alive.at.items())


def test_the_careless_order_brings_back_the_last_one() -> None:
    alive = Alive()
    for one in "abc":
        alive.join(one)
    alive.careless("a")
    assert set(alive.at) == {"b", "c"}
    alive.careless(alive.ids[-1])
    assert len(alive.ids) == 1
    assert len(alive.at) == 2


def test_probing_on_from_a_random_slot_is_not_uniform() -> None:
    slots = [None] * 10 + ["far", "near"]
    hits = {"far": 0, "near": 0}
    for start in range(len(slots)):
        at = start
        while (found := slots[at % len(slots)]) is None:
            at += 1
        hits[found] += 1
    assert hits == {"far": 11, "near": 1}
