"""English and Chinese: what the page says, from one table, assets/words.json.

Labels are translated by the browser (gr.I18n, of TRANSLATIONS), sentences here. What the library
says of bad input is English; the table's errors have it in Chinese, with {} for what stands in it.
"""

import json
import re
from pathlib import Path

LANGUAGES = "en", "zh"
MOST = 400  # characters of a sentence
_CHINESE = re.compile(r"[\u4e00-\u9fff]")  # said by `say` already
_TABLE = json.loads((Path(__file__).parents[2] / "assets" / "words.json").read_text("utf-8"))
WORDS: dict[str, list[str]] = _TABLE["words"]  # by key, in the order of LANGUAGES
ERRORS: dict[str, str] = _TABLE["errors"]  # Chinese by English
NAMES: dict[str, str] = _TABLE["names"]  # of models and licences, Chinese by English
TRANSLATIONS = {  # Gradio knows Chinese by these codes
    code: {key: texts[number] for key, texts in WORDS.items()}
    for number, codes in enumerate((["en"], ["zh", "zh-CN", "zh-TW"])) for code in codes}


def say(key: str, language: str = "en", **values) -> str:
    """The words of this key, with these values in them."""
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def name_in(name: str, language: str) -> str:
    """The name of a model or a licence; as it is where the table lacks it."""
    return NAMES.get(name, name) if language == "zh" else name


def language_of(request) -> str:
    """The language that the browser of a gr.Request prefers: "zh" or "en"."""
    headers = getattr(request, "headers", None) or {}
    preferred = str(headers.get("accept-language", "")).strip().lower()
    return "zh" if preferred.startswith("zh") else "en"


def translated(message: str, language: str) -> str:
    """What the library says, in this language: of bad input, and of what it is doing. Of a sentence
    that the table lacks, such as why a weight file is refused, it says at least that much."""
    if len(message) > MOST:  # what a stranger put into it; patterns take long over long texts
        message = f"{message[: MOST - 2]} …"
    if language == "en":
        return message
    for pattern, chinese in _PATTERNS:
        found = pattern.fullmatch(message)
        if found:
            return chinese.format(*found.groups())
    return message if _CHINESE.search(message) else say("untranslated", language, text=message)


def _pattern(english: str) -> re.Pattern:
    return re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL)


_PATTERNS = [(_pattern(english), chinese) for english, chinese in ERRORS.items()]
