"""SWE-bench and whatever has its columns: rows, recipes of environments, and the dataset plug made of both."""

from bugladder.datasets.swe_bench.dataset import SweBenchDataset
from bugladder.datasets.swe_bench.hub import HubFile

__all__ = ["HubFile", "SweBenchDataset"]
