"""What names a file of the Hub, and what does not."""

import pytest

from drag.models.hub import HubFile, parse_hub_name


@pytest.mark.parametrize(
    ("text", "repo", "filename", "revision"),
    [
        ("team/nets/lions.pkl", "team/nets", "lions.pkl", None),
        ("  team/nets/models/v1/lions.PT ", "team/nets", "models/v1/lions.PT", None),
        ("team/nets@v1.2/lions.safetensors", "team/nets", "lions.safetensors", "v1.2"),
        (
            "https://huggingface.co/team/nets/blob/main/a/lions.pkl",
            "team/nets",
            "a/lions.pkl",
            None,
        ),
        (
            "https://huggingface.co/team/nets/resolve/v1.2/x.pth?download=true",
            "team/nets",
            "x.pth",
            "v1.2",
        ),
    ],
)
def test_names_of_files_on_the_hub(text, repo, filename, revision):
    assert parse_hub_name(text) == HubFile(repo, filename, revision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lions",
        "team/nets",
        "lions.pkl",
        "team/nets/readme.md",
        "/etc/nets/x.pkl",
        "../../x.pkl",
        "team/nets/../x.pkl",
        "team/../../x.pkl",
        "team/nets/a\\b.pkl",
        "C:\\nets\\x\\y.pkl",
        "https://example.com/team/nets/blob/main/x.pkl",
        "team/nets/x.pkl\nteam/nets/y.pkl",
        "team/nets/x y.pkl",
        "team/" + "n" * 300 + "/x.pkl",
        "team/nets//x.pkl",
        "~/nets/x.pkl",
        "file:///etc/passwd/x.pkl",
        "team/nets@/x.pkl",
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match="owner/name/file"):
        parse_hub_name(text)
