"""English and Chinese: what the page says, from one table, assets/words.json.

Labels are translated by the browser (gr.I18n, of TRANSLATIONS), sentences here: the page's own have
a key each, those of the library (`networks.errors`) have their English for one.
"""

import json
import re
from pathlib import Path

from networks.errors import Message

LANGUAGES = "en", "zh"
MOST = 400  # characters of a sentence
CHOSEN = re.compile(r"\bdraggan_language=(en|zh)\b")  # a cookie
_TABLE = json.loads((Path(__file__).parents[2] / "assets" / "words.json").read_text("utf-8"))
WORDS: dict[str, list[str]] = _TABLE["words"]  # by key, in the order of LANGUAGES
SENTENCES: dict[str, str] = _TABLE["sentences"]  # of Messages and UserErrors, Chinese by English
NAMES: dict[str, str] = _TABLE["names"]  # of models, networks, licences; Chinese by English
TRANSLATIONS = {  # Gradio knows Chinese by these codes
    code: {key: texts[number] for key, texts in WORDS.items()}
    for number, codes in enumerate((["en"], ["zh", "zh-CN", "zh-TW"]))
    for code in codes
}


def say(key: str, language: str = "en", **values) -> str:
    """The words of this key, with these values in them."""
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def name_in(name: str, language: str) -> str:
    """The name of a model, a network or a licence; as it is where the table lacks it."""
    return NAMES.get(name, name) if language == "zh" else name


def language_of(request) -> str:
    """The language that was chosen on the page of a gr.Request (assets/language.html), else the one
    that its browser prefers: "zh" or "en"."""
    headers = getattr(request, "headers", None) or {}
    chosen = CHOSEN.search(str(headers.get("cookie", "")))
    if chosen:
        return chosen[1]
    preferred = str(headers.get("accept-language", "")).strip().lower()
    return "zh" if preferred.startswith("zh") else "en"


def translated(message: Message, language: str = "en") -> str:
    """A sentence in this language, with its values in it: of these, Messages and names are in that
    language, too. It is cut where a value that a stranger chose is long."""
    values = {
        name: translated(value, language)
        if isinstance(value, Message)
        else name_in(value, language)
        if isinstance(value, str)
        else value
        for name, value in message.values.items()
    }
    template = SENTENCES.get(message.key, message.key) if language == "zh" else message.key
    text = template.format(**values)
    return text if len(text) <= MOST else f"{text[: MOST - 2]} …"
