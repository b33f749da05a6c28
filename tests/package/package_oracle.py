"""The digest of a package, written from the decision page and sharing no code with the library but BLAKE3."""

from pathlib import Path

from blake3 import blake3


def part(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(8, "big") + data


def digest_of(files: dict[str, bytes]) -> str:
    image = part(b"s", b"package/1")
    for name in sorted(files, key=str.encode):
        if not name.startswith("attest/"):
            image += part(b"s", name.encode()) + part(b"s", blake3(files[name]).hexdigest().encode())
    return blake3(image).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
