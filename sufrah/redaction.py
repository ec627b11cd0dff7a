"""What identifies a person or opens a door is taken out of a text, in time that grows with its length alone.

Every repetition below is bounded or cannot meet its own beginning again, so no text makes a search start over; and a
text is cut before it is searched.
"""

from __future__ import annotations

import re

LONGEST_TEXT = 16_000
_CUT = "[cut]"

# PostgreSQL quotes the values of a refused row. A value may have line breaks: what follows is hidden until Python says
# in its own words that another traceback begins.
_QUOTES_A_ROW = re.compile(r"([ |]{0,40}(?:DETAIL|CONTEXT|LINE \d{1,9}|PARAMETERS)[ \t]{0,8}:)")
_ANOTHER_TRACEBACK = re.compile(
    r"[ |]{0,40}(?:The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:)"
)
_TELLING_NAME = (
    r"(?:token|passw(?:or)?d|secret|api_?key|secret_?key|signature|session_?id|csrf\w{0,20}|_pat|encryption_keys)"
)
_NUMBER_OR_DATE = re.compile(
    r"(?<![0-9A-Za-z+])(?P<kept>"
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
    r"|(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    r"(?![0-9A-Za-z]|-[0-9]))"
    r"|(?<![0-9A-Za-z])\+?\d(?:[ \u00a0\u202f\t-]?\d){7,14}(?![0-9A-Za-z])"
)
_RULES = (
    # The same inside a repr, where line breaks are two characters.
    (re.compile(r"(\\n(?:DETAIL|CONTEXT|LINE \d{1,9}|PARAMETERS)[ \t]{0,8}:)[^\n]*"), r"\1 hidden"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,8}[\w.~+/=-]{8,}"), r"\1 hidden"),
    (re.compile(rf"(?i)({_TELLING_NAME}\\?[\"']?\s{{0,8}}[:=]\s{{0,8}}\\?[\"']?)[^\s\"',}}]+"), r"\1hidden"),
    (re.compile(r"(://[^\s/@:]{0,200}:)[^\s\"'<>]{1,300}@"), r"\1hidden@"),
    (re.compile(r"\b(?:sfr_[\w-]{6,}|whsec_[\w+/=-]{6,})"), "[token]"),
    (re.compile(r"(/(?:join|new-password)/)[^\s\"'?]+"), r"\1hidden"),
    (re.compile(r"\bgAAAA[\w=-]{20,}"), "[encrypted]"),
)


# Most of our own lines are a word or a sentence: without any of these no rule applies.
_WORTH_A_LOOK = re.compile(r"[\d:=/]|(?i:bearer|basic)|sfr_|whsec_|gAAAA")


def clean(text: str) -> str:
    """The text without phones, secrets and quoted rows, at most LONGEST_TEXT of it; dates, times and UUIDs stay."""
    if len(text) <= LONGEST_TEXT and not _WORTH_A_LOOK.search(text):
        return text
    text = _without_quoted_rows(_cut(text))
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return _NUMBER_OR_DATE.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    return found["kept"] or "[number]"


def _cut(text: str) -> str:
    """Between two words, so that no half of a secret is left at the end; what has no words is no text of ours."""
    if len(text) <= LONGEST_TEXT:
        return text
    words = text[:LONGEST_TEXT].rsplit(None, 1)
    return f"{words[0]} {_CUT}" if len(words) == 2 else _CUT


def _without_quoted_rows(text: str) -> str:
    if ":" not in text:
        return text
    kept: list[str] = []
    is_hidden = False
    for line in text.split("\n"):
        if quoting := _QUOTES_A_ROW.match(line):
            kept.append(f"{quoting[1]} hidden")
            is_hidden = True
        elif not is_hidden or _ANOTHER_TRACEBACK.match(line):
            kept.append(line)
            is_hidden = False
    return "\n".join(kept)
