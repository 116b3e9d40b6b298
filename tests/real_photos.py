"""Real photos of faces that ship in packages: one for tests, a few more for benchmarks."""

import hashlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "face_recognition==1.3.0"
ARCHIVE = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
INSIDE = "face_recognition-1.3.0/tests/test_images/"
PORTRAITS = {  # of public figures
    "biden.jpg": "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
    "obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    "obama2.jpg": "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
    "obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
}


def astronaut() -> bytes:
    """The PNG of a face that ships in scikit-image; nothing of it is imported."""
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"
    return (folder / "astronaut.png").read_bytes()


def portraits(folder: Path) -> dict[str, bytes]:
    """JPEGs by name, fetched by pip where the folder, outside the repository, has them not yet."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not all(_is(folder / name, sha256) for name, sha256 in PORTRAITS.items()):
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                            "--no-binary", ":all:", "--dest", place, PACKAGE], check=True)
            (path,) = Path(place).iterdir()
            if not _is(path, ARCHIVE):
                raise ValueError(f"{path.name} is not the one that was looked at")
            with tarfile.open(path) as archive:
                for name in PORTRAITS:
                    (folder / name).write_bytes(archive.extractfile(INSIDE + name).read())
    found = {name: (folder / name).read_bytes() for name in PORTRAITS}
    for name, sha256 in PORTRAITS.items():
        if hashlib.sha256(found[name]).hexdigest() != sha256:
            raise ValueError(f"{name} is not the one that was looked at")
    return found


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
