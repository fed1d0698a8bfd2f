"""D.HIRE.TREE-004: subtree sizes give the rank on the way down."""

from dataclasses import dataclass
from random import Random


@dataclass
class Node:
    key: int
    left: "Node | None" = None
    right: "Node | None" = None
    size: int = 1


def _add(node: Node | None, key: int) -> Node:
    if node is None:
        return Node(key)
    if key < node.key:
        node.left = _add(node.left, key)
    else:
        node.right = _add(node.right, key)
    node.size += 1
    return node


def _size(node: Node | None) -> int:
    return node.size if node else 0


def _rank(node: Node | None, key: int) -> int:
    rank = 1
    while node and node.key != key:
        if key < node.key:
            rank += _size(node.right) + 1
            node = node.left
        else:
            node = node.right
    assert node
    return rank + _size(node.right)


def test_the_rank_is_the_number_of_greater_scores_plus_one() -> None:
    keys = Random(1).sample(range(1000), 200)
    root = None
    for key in keys:
        root = _add(root, key)
    assert all(_rank(root, key) == 1 + sum(other > key for other in keys) for key in keys)
