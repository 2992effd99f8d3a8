import random

import pytest

from bugladder.records import Difficulty, SelectionRow


@pytest.fixture
def make_rows():
    """A seeded maker of datasets with unequal repositories, both origins and all difficulties."""

    def make(seed: int, n: int = 120, origins: tuple[str, ...] = ("release", "injected")) -> list[SelectionRow]:
        rng = random.Random(seed)
        weights = [rng.randint(1, 9) for _ in range(9)]
        return [
            SelectionRow(
                instance_id=f"i{k}",
                repo=f"r{rng.choices(range(9), weights)[0]}",
                origin=rng.choice(origins),
                difficulty=rng.choice(list(Difficulty)),
                fail_to_pass_units=rng.randint(1, 9),
                patch_lines=rng.randint(1, 200),
                created_at=f"20{rng.randint(10, 26)}-01-01",
            )
            for k in range(n)
        ]

    return make
