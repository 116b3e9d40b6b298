"""Sentences for a person, with values in them; words are made of them where they are shown.

As with gettext, a sentence's English is its key. It stands in the code, where it is said, with a
{name} for each value; assets/words.json has the other languages by it, with the same names.
"""


class Message:
    """A sentence for a person; str(message) is its English.

    key: that English, with {name} or {name:format} where a value stands.   values: by these names;
    a value may be a Message, too.
    """

    def __init__(self, key: str, **values: object):
        self.key, self.values = key, values

    def __str__(self) -> str:
        return self.key.format(**self.values)


class UserError(Message, ValueError):
    """What whoever uses the program can do something about, and the sentence says what.

    All other errors, ValueErrors of libraries among them, are for the log: a visitor is told just
    that something failed.
    """
