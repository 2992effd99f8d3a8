import pytest

from bugladder.reporting.provenance import dataset_line

CATALOG = {"name": "pypi", "origin": "release, injected", "place": "pypi", "rows": 347, "content_sha256": "c1"}
FILE = {"name": "swe_bench", "origin": "lite", "place": "lite.parquet", "revision": None, "rows": 300,
        "file_sha256": "f1", "content_sha256": "c1"}  # fmt: skip
HUB = FILE | {"place": "someone/lite/t.parquet", "revision": "6ec7bb89"}


@pytest.mark.parametrize(
    ("identity", "line"),
    [
        (CATALOG, "Dataset pypi (release, injected): pypi, 347 instances, content sha256 c1."),
        (FILE, "Dataset swe_bench (lite): lite.parquet, 300 instances, file sha256 f1."),
        (HUB, "Dataset swe_bench (lite): someone/lite/t.parquet at revision 6ec7bb89, 300 instances, file sha256 f1."),
    ],
)
def test_a_line_names_the_data(identity, line):
    """Dataset, place, revision where there is one, number of instances and a hash stand in one sentence."""
    assert dataset_line(identity) == (line,)


def test_nothing_recorded_is_no_line():
    """Where nothing was recorded nothing is claimed."""
    assert dataset_line({}) == ()
