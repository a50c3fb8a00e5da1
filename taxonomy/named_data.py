"""Whether a sentence tells the data of a study: by name, by number, or by what they are.

A result may mention "several benchmarks" and tell no data: such words do not count.
"""

from __future__ import annotations

import re

_NOUN = (
    r"(?:(?:data|test|dev|development|validation) ?sets?|corpus|corpora|benchmarks?"
    r"|test ?(?:beds?|suites?))"
)
# A benchmark system, or benchmark results, are no data; nor is what we benchmark.
_HEAD = (
    rf"(?<!\b[Ww]e )(?<!\bto )\b{_NOUN}\b"
    r"(?![- ](?:systems?|frameworks?|results?|performances?|scores?|tools?|tooling|services?"
    r"|sizes?|evaluations?|pipelines?|ways|methods?|metrics?|studies|study|creation|construction"
    r"|generation|curation|splitting|splits?|into))"
)
_FEW_WORDS = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty"
    r"|fifty|dozens of|hundreds of|thousands of|millions of|\d+)"
)
# A name has a capital inside a sentence; these are names of no data.
_PROPER = r"(?!(?:LLMs?|SLMs?|VLMs?|AI|ML|NLP|RL|SOTA|SE|QA|API|LMs?|GPT)\b)[\w.+/-]*[A-Z][\w.+/-]*"
_NAMED = re.compile(
    rf"(?<=[a-z,;:(] ){_PROPER}(?: \([^)]*\))?(?: [\w-]+){{0,2}}? {_HEAD}"
    rf"|(?<![\w.+/-]){_PROPER}(?: [\d.]+)?(?: \([^)]*\))?, (?:an?|the) (?:[\w’-]+ ){{0,6}}{_HEAD}"
    rf"|(?<!\b[Ww]e )(?<!\bto )\b(?:data ?set|corpus|benchmark) {_PROPER}"
    rf"|\b{_NOUN},? ?(?:\(|like |such as |including |namely |called |named |: ?|-- ?|[–—] ?)"
    rf"(?:e\.g\.,? )?{_PROPER}"
    r"|\b[\w-]*[A-Za-z0-9](?:-[Bb]ench|Bench|bench|Eval|Gym|QA|Set)(?:[+-][\w+-]*)?\b"
    r"|\b[Nn] ?= ?\d+"
    r"|\b(?:SWE-\w+|MBPP|GSM8K|MATH-?500|Defects4J|Spider|MMLU|CIFAR|ImageNet|MNIST)\b"
)
_OF_WHAT = re.compile(
    _HEAD + r",? (?:of|from|for|that (?:contains?|consists?|comprises?|includes?|covers?)"
    r"|containing|comprising|consisting|built|collected|mined|drawn|derived|designed|spanning"
    r"|covering|called|contains?|consists?|comprises?|includes?|spans?|covers?)\b",
    re.IGNORECASE,
)
_WORDS = r"((?:[\w’'+/-]+ ){1,6})"
# Of several unnamed ones a word more tells little, so one, or a number of them.
_ONE = re.compile(
    rf"{_WORDS}(?!(?:(?:data|test|dev|development|validation) ?)?\w+s\b|corpora){_HEAD}",
    re.IGNORECASE,
)
_FEW = re.compile(rf"\b{_FEW_WORDS} ((?:[\w-]+ ){{1,3}}){_HEAD}", re.IGNORECASE)
_PEOPLE = re.compile(
    rf"\b{_FEW_WORDS} (?:[\w-]+ ){{0,3}}(?:participants|students|developers|programmers"
    r"|practitioners|engineers|experts|interviews|companies|projects|repositories|systems"
    r"|case studies|programs|applications|apps|libraries)\b",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"\b[A-Z]\w* $")
_COUNT = re.compile(
    r"(?<![\w.,-])\$?(?!(?:19\d\d|20(?!00)\d\d)\b(?!,))"
    r"(?:\d{1,3}(?:[,{} ]{1,3}\d{3})+|\d{2,}|\d(?= [mb]illion))"
    r"\$?\+?[kKM]?\+?(?: (?:million|thousand|billion))?((?:[ -][A-Za-z][\w+#/’'-]*){1,5})"
)
# What came out is counted too: bugs found, patches accepted.
_CAME_OUT = re.compile(
    r"\b(?:find|found|detect|discover|uncover|fix|repair|reveal|flag|report|resolv|solv|generat"
    r"|produc|achiev|support|reduc|sav|yield|gain|expos|surfac)\w*(?: \w+){0,2} $",
    re.IGNORECASE,
)
_DONE = re.compile(r"^(?: [\w-]+){1,4} (?:have been|has been|were|was) (?:\w+ed|found)\b")

# What is longer is no sentence, and may be made to take long.
_LONGEST = 1_000
_NEAR = 80

# Words before a noun that say of data only that there are some; at a joint one looks no further.
_VAGUE = frozenset(
    "any all each both such other another own new novel first existing current recent several"
    " various multiple many different diverse numerous challenging difficult standard"
    " standardized standardised popular common commonly widely used public publicly available"
    " open established academic comprehensive extensive large large-scale high-quality quality"
    " in-house internal real-world automated training test evaluation data relevant key main"
    " major well-known mainstream unified robust rigorous one single curated carefully"
    " state-of-the-art static".split()
)
_JOINTS = frozenset(
    "a an the our this that these those its their some and or of on in with from for to by at"
    " across over using as is are was were per than between we".split()
)
_MEASURES = frozenset(
    "times points percent percentage seconds minutes hours days weeks months years tokens"
    " parameters params layers steps epochs iterations runs gpus nodes cores bits bytes"
    " dimensions models llms slms vlms agents tools methods baselines techniques approaches"
    " strategies categories types tiers families metrics stages phases orders ways factors"
    " improvements gains increases reductions errors lines characteristics analyzers areas"
    " configurations settings combinations researchers authors dollars words guidelines"
    " languages".split()
)
_UNCOUNTED = frozenset("data people code kloc mloc loc corpora software".split())


def names_data(text: str) -> bool:
    """Whether a sentence names, counts or describes data, benchmarks or subjects."""
    text = text[:_LONGEST]
    return bool(
        _NAMED.search(text)
        or _OF_WHAT.search(text)
        or any(_is_told(found[1]) for found in _FEW.finditer(text))
        or any(_is_told(found[1]) for found in _ONE.finditer(text))
        # In `Lean 4 projects` the number belongs to a name.
        or any(not _NAME_BEFORE.search(text[: one.start()]) for one in _PEOPLE.finditer(text))
        or any(_is_counted(text, found) for found in _COUNT.finditer(text))
    )


def _is_told(before: str) -> bool:
    """Whether the words before a noun tell more than that there are data."""
    for word in reversed(before.lower().split()):
        if word in _JOINTS or word.isdigit():
            return False
        if word not in _VAGUE:
            return True
    return False


def _is_counted(text: str, found: re.Match[str]) -> bool:
    """Whether a number counts what was studied: no measure, no method, nothing that came out."""
    before = text[max(found.start() - _NEAR, 0) : found.start()]
    if _CAME_OUT.search(before) or _DONE.search(text[found.start(1) :]):
        return False
    for word in found[1].replace("-", " ").lower().split():
        if word in _MEASURES or word in _JOINTS:
            return False
        if word in _UNCOUNTED or (word.endswith("s") and not word.endswith(("ss", "us", "is"))):
            return True
    return False
