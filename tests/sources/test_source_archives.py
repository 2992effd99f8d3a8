import io
import stat
import tarfile
import zipfile

import pytest

from bugladder.records import BugladderError
from bugladder.sources import Member, archives, read_sdist, unpack_sdist


def tar_of(path, members):
    """Members are (name, content) or (name, type, link target)."""
    with tarfile.open(path, "w:gz") as archive:
        for name, *rest in members:
            info = tarfile.TarInfo(name)
            if len(rest) == 1:
                info.size = len(rest[0])
                archive.addfile(info, io.BytesIO(rest[0]))
            else:
                info.type, info.linkname = rest[0], rest[1]
                archive.addfile(info)
    return path


def test_regular_files_come_without_the_top_folder(tmp_path):
    """Content by path below the top folder, folders and a leading ./ left out, the executable bit beside it."""
    path = tmp_path / "lib-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        folder = tarfile.TarInfo("./lib-1/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, mode in (("./lib-1/a.py", 0o644), ("./lib-1/b/run.sh", 0o755)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 3, mode
            archive.addfile(info, io.BytesIO(b"\x00\xff\n"))
    assert unpack_sdist(path, "lib-1") == {"a.py": b"\x00\xff\n", "b/run.sh": b"\x00\xff\n"}
    assert read_sdist(path, "lib-1")["b/run.sh"] == Member(b"\x00\xff\n", is_executable=True)


def test_zip_is_read_as_well(tmp_path):
    """Old releases ship .zip: the same result."""
    path = tmp_path / "lib-1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lib-1/", "")
        archive.writestr("lib-1/a.py", "x = 1\n")
    assert unpack_sdist(path, "lib-1") == {"a.py": b"x = 1\n"}


def test_links_inside_become_copies(tmp_path):
    """A link to a file or folder of the archive is replaced by what it names; one that names nothing is left out."""
    path = tar_of(
        tmp_path / "lib-1.tar.gz",
        [
            ("lib-1/docs/link.md", tarfile.SYMTYPE, "../README.md"),
            ("lib-1/README.md", b"read me"),
            ("lib-1/hard.md", tarfile.LNKTYPE, "lib-1/README.md"),
            ("lib-1/all", tarfile.SYMTYPE, "docs"),
            ("lib-1/docs/own.md", b"own"),
            ("lib-1/twice.md", tarfile.SYMTYPE, "docs/link.md"),
            ("lib-1/.ignore", tarfile.SYMTYPE, ".left/out"),
            ("lib-1/loop", tarfile.SYMTYPE, "loop"),
        ],
    )
    assert unpack_sdist(path, "lib-1") == {
        "README.md": b"read me",
        "all/own.md": b"own",
        "docs/link.md": b"read me",
        "docs/own.md": b"own",
        "hard.md": b"read me",
        "twice.md": b"read me",
    }


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (("/etc/passwd", b"x"), "'/etc/passwd' leaves"),
        (("lib-1/../../x", b"x"), r"'lib-1/\.\./\.\./x' leaves"),
        (("lib-1/a", tarfile.SYMTYPE, "/etc/passwd"), "'lib-1/a' is a link to '/etc/passwd', which leaves"),
        (("lib-1/b/a", tarfile.SYMTYPE, "../../../x"), "'lib-1/b/a' is a link .* leaves"),
        (("lib-1/a", tarfile.SYMTYPE, "../other/x"), "'lib-1/a' is a link .* leaves"),
        (("lib-1/a", tarfile.LNKTYPE, "/etc/passwd"), "leaves"),
        (("lib-1/null", tarfile.CHRTYPE, ""), "'lib-1/null' is a device or pipe"),
        (("lib-1/pipe", tarfile.FIFOTYPE, ""), "'lib-1/pipe' is a device or pipe"),
    ],
)
def test_what_leaves_is_refused_by_name(tmp_path, member, words):
    """A link, path or device that leaves the archive is one line that names the id and the member."""
    path = tar_of(tmp_path / "lib-1.tar.gz", [("lib-1/a.py", b"x"), member])
    with pytest.raises(BugladderError, match=f"^lib-1: member {words}|^lib-1: member .*{words}") as caught:
        unpack_sdist(path, "lib-1")
    assert "\n" not in str(caught.value)


def test_zip_links_and_paths_are_refused(tmp_path):
    """The same holds for .zip."""
    for name, mode, words in (("lib-1/a", stat.S_IFLNK, "link"), ("../x", stat.S_IFREG, "leaves")):
        path = tmp_path / "lib-1.zip"
        with zipfile.ZipFile(path, "w") as archive:
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode | 0o644) << 16
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(BugladderError, match=words):
            unpack_sdist(path, "lib-1")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken"])
@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
def test_broken_archive_is_named(tmp_path, content, ending):
    """What is no archive is one line with the id and the file."""
    path = tmp_path / f"lib-1{ending}"
    path.write_bytes(content)
    with pytest.raises(BugladderError, match=rf"lib-1: lib-1{ending} cannot be read"):
        unpack_sdist(path, "lib-1")


def test_cut_archive_is_named(tmp_path):
    """An archive cut in the middle is an error, not a shorter tree."""
    path = tar_of(tmp_path / "lib-1.tar.gz", [("lib-1/a.bin", bytes(range(256)) * 999), ("lib-1/b", b"x" * 9999)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BugladderError, match="cannot be read"):
        unpack_sdist(path, "lib-1")


def test_bombs_are_bounded(tmp_path, monkeypatch):
    """More bytes or members than allowed are refused while reading."""
    path = tar_of(tmp_path / "lib-1.tar.gz", [(f"lib-1/{n}", b"x" * 100) for n in range(20)])
    for name, value in (("MAX_BYTES", 1000), ("MAX_MEMBERS", 10)):
        with monkeypatch.context() as changed:
            changed.setattr(archives, name, value)
            with pytest.raises(BugladderError, match=r"lib-1: lib-1\.tar\.gz holds over"):
                unpack_sdist(path, "lib-1")
    assert len(unpack_sdist(path, "lib-1")) == 20
