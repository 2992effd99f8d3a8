"""Source distributions: listed, fetched by hash from the package index, unpacked without trusting them."""

from bugladder.sources.archives import Member, read_sdist, unpack_sdist
from bugladder.sources.index import fetch_sdist, list_sdists
from bugladder.sources.releases import ReleasedSdist

__all__ = ["Member", "ReleasedSdist", "fetch_sdist", "list_sdists", "read_sdist", "unpack_sdist"]
