"""Files of the Hub, and paths, as people type and paste them."""

import pytest
from huggingface_hub import constants

from drag.models.addresses import parse_hub_name
from drag.models.catalogue import catalogued, is_path, named
from drag.models.hub import HubFile
from networks.errors import UserError


@pytest.mark.parametrize(
    ("text", "repo", "filename", "revision"),
    [
        ("team/nets/lions.pkl", "team/nets", "lions.pkl", None),
        ("  team/nets/models/v1/lions.PT ", "team/nets", "models/v1/lions.PT", None),
        ("team/nets@v1.2/lions.safetensors", "team/nets", "lions.safetensors", "v1.2"),
        ("team/nets/x y (1).pkl", "team/nets", "x y (1).pkl", None),
        ("team/nets/x%20y.pkl?download=true", "team/nets", "x y.pkl", None),
        ("team/nets/blob/main/a/x.pkl", "team/nets", "a/x.pkl", None),
        ("team/nets@refs%2Fpr%2F1/x.pkl", "team/nets", "x.pkl", "refs/pr/1"),
        ("`team/nets/x.pkl`", "team/nets", "x.pkl", None),
        *(
            (address, "team/nets", "a/x y.pth", revision)
            for address, revision in (
                ("https://huggingface.co/team/nets/blob/main/a/x%20y.pth", None),
                ("http://www.huggingface.co/team/nets/blob/main/a/x%20y.pth", None),
                ("HTTPS://HuggingFace.co/team/nets/blob/main/a/x y.pth#L1", None),
                ("huggingface.co/team/nets/blob/main/a/x%20y.pth", None),
                ("www.hf.co/team/nets/blob/main/a/x%20y.pth", None),
                ("//hf.co/team/nets/a/x%20y.pth", None),
                ("https://hf.co/team/nets/resolve/v1.2/a/x%20y.pth?download=true", "v1.2"),
                ("<https://hf-mirror.com/team/nets/resolve/main/a/x%20y.pth>", None),
                ("hf-mirror.com/team/nets/raw/main/a/x%20y.pth", None),
                ("https://me:token@alpha.hf-mirror.com:443/team/nets/tree/main/a/x%20y.pth", None),
                ("hub.example.org:8443/base/team/nets/blob/main/a/x%20y.pth", None),
                ("https://huggingface.co/team/nets/blob/refs%2Fpr%2F1/a/x%20y.pth", "refs/pr/1"),
                ("https://huggingface.co/team/nets/blob/refs/pr/1/a/x%20y.pth", "refs/pr/1"),
                ("hf://team/nets/a/x%20y.pth", None),
                ("hf://team/nets@v1.2/a/x%20y.pth", "v1.2"),
            )
        ),
    ],
)
def test_names_of_files_on_the_hub_as_people_paste_them(
    monkeypatch, text, repo, filename, revision
):
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.example.org:8443/base")
    found = parse_hub_name(text)
    assert found == HubFile(repo, filename, revision)
    assert catalogued(catalogued(text).name).source == found  # as a project of it says


SITE = "https://huggingface.co/"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no model of that name"),
        ("lions", "no model of that name"),
        ("team/nets", "a repository, a folder"),
        ("team/nets/readme.md", "another kind of file"),
        (SITE, "a repository, a folder"),
        (f"{SITE}team/nets", "a repository, a folder"),
        (f"{SITE}team/nets/tree/main", "a repository, a folder"),
        (f"{SITE}team/nets/tree/main/models", "a repository, a folder"),
        (f"{SITE}team/nets/discussions/1", "a repository, a folder"),
        (f"{SITE}gpt2/resolve/main/x.bin", "a repository, a folder"),
        (f"{SITE}datasets/team/nets/blob/main/x.pkl", "a dataset of the Hugging Face Hub"),
        ("hf-mirror.com/datasets/team/nets/resolve/main/x.pkl", "a dataset of the Hub"),
        ("datasets/team/nets/x.pkl", "a dataset of the Hugging Face Hub"),
        ("hf://datasets/team/nets/x.pkl", "a dataset of the Hugging Face Hub"),
        (f"{SITE}spaces/team/nets/blob/main/x.pkl", "a Space of the Hugging Face Hub"),
        ("https://example.com/team/nets/blob/main/x.pkl", "an address of example.com"),
        ("https://github.com/team/nets/raw/main/x.pkl", "an address of github.com"),
        ("https://huggingface.co.example.com/x.pkl", "a repository, a folder"),
        ("lions.pkl", "no such file"),
        ("nets/lions.pkl", "no such file"),
        ("/etc/nets/x.pkl", "no such file"),
        ("./nets/x.pkl", "no such file"),
        ("../../x.pkl", "no such file"),
        ("~/nets/x.pkl", "no such file"),
        ("C:\\nets\\x\\y.pkl", "no such file"),
        ("c:/nets/x/y.pkl", "no such file"),
        ("\\\\server\\nets\\x.pkl", "no such file"),
        ("file:///etc/passwd/x.pkl", "no such file"),
        ("team/nets/../x.pkl", "no such file"),
        ("team/nets/%2e%2e/x.pkl", "no such file"),
        ("team/../../x.pkl", "no such file"),
        ("team/nets/a\\b.pkl", "no such file"),
        ("team/nets/a%2Fb%5Cc.pkl", "no such file"),
        ("team/nets/x.pkl\nteam/nets/y.pkl", "no such file"),
        ("team/" + "n" * 300 + "/x.pkl", "no such file"),
        ("team/nets//x.pkl", "no such file"),
        ("team/nets@/x.pkl", "no such file"),
        ("https://[hf.co/x.pkl", "no such file"),
    ],
)
def test_what_is_no_name_is_refused_as_what_it_is(text, words):
    with pytest.raises(UserError, match="owner/name/file") as caught:
        parse_hub_name(text)
    assert words.replace("the Hub", "the Hugging Face Hub") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("none.pkl", True),
        ("nets/none.pkl", True),
        ("nets/old/none.pkl", True),  # in a folder that is there
        ("./x", True),
        ("/nets/x", True),
        ("C:\\nets\\none.pkl", True),
        ("nets\\old\\none.pkl", True),
        ("team/nets/none.pkl", False),
        ("https://hf.co/none.pkl", False),
        ("kittens", False),
    ],
)
def test_a_path_that_is_not_there_is_no_name_that_nobody_knows(tmp_path, monkeypatch, text, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets" / "old").mkdir(parents=True)
    assert is_path(text) is path
    if path:
        with pytest.raises(ValueError, match="There is no file or folder"):
            named(text)
