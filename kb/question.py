"""A question taken apart: its content words by rarity, its names and numbers, its years."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field

from kb.text_index import TextIndex

# Words of asking and of talk about research: they say what is done with a subject, not
# which one. The index's own stop words ("the", "of") never get this far.
ASKING = frozenset(
    """how what which who whom whose when where why whether do does did done is are was were be been
    being can could should would will may might must has have had having there any some many much
    often often long far well good better best bad worse more most less least very really still
    ever never always also only just even than then them they their its it this that these those
    one ones own other another such same different each every all both either neither not no nor
    about against among between during into over through under within without from with for
    by to in on at of a an the and or if so as i me my we us our you your he she him her
    use used uses using get gets got give given gives make makes made making take takes taken
    help helps happen happens happened come comes go goes going say says said tell tells told
    know known find found finds finding show shows shown see seen become came become let lets
    way ways thing things kind kinds paper papers study studies research researcher researchers
    approach approaches method methods technique techniques work works exist exists reported
    new actually typical typically usually mainly mostly extent amount number share rate
    average median""".split()
)
# Plain verbs and pronouns: they count for likeness, but that no paper has them tells nobody
# anything ("say nothing of “handle”").
PLAIN = frozenset(
    """his hers ours yours mine itself themselves himself herself myself yourself someone anyone
    everyone something anything nothing everything somebody anybody nobody
    handle handles handled handling beat beats beaten beating tackle tackles tackled address
    addresses addressed addressing deal deals dealt cope copes coped solve solves solved solving
    work works worked working perform performs performed performing run runs ran running
    achieve achieves achieved reach reaches reached improve improves improved improving affect
    affects affected cause causes caused cost costs need needs needed want wants wanted
    change changes changed differ differs differed compare compares compared comparing
    keep keeps kept put puts bring brings brought turn turns turned lead leads led try tries
    tried start starts started stop stops stopped leave leaves left stay stays hold holds held
    allow allows allowed enable enables enabled require requires required provide provides
    provided offer offers offered rely relies relied depend depends fail fails failed
    suffer suffers behave behaves act acts think thinks believe believes ask asks asked tell
    call calls called choose chooses chose chosen pick picks picked decide decides decided
    outperform outperforms outperformed win wins won lose loses lost raise raises raised lower
    lowers lowered increase increases increased decrease decreases decreased reduce reduces
    reduced speed-up happen apply applies applied build builds built create creates created
    propose proposes proposed suggest suggests suggested describe describes described speak
    explain explains explained gave alone mention mentions mentioned discuss discusses
    discussed concern concerns exactly usually
    currently recently really today nowadays anyway together instead without whole""".split()
)
_WORD = re.compile(r"[A-Za-z0-9][\w.+#\-]*[\w+#]|[A-Za-z0-9]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|often|large|far|fast|long|high|accurate(?:ly)?|well|good)|"
    r"what (?:share|fraction|percentage|proportion|rate|success|accuracy|speed)|by how|"
    r"percent|rate|share|fraction)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of a question."""

    text: str
    """As asked."""
    stems: tuple[str, ...]
    """As the index sees it; a word with a hyphen or dot has several."""
    weight: float
    """Inverse document frequency among the library's papers, in nats."""
    papers: int
    """Papers of the library with all its stems in title or abstract, at most those of the
    rarest stem."""
    name: bool
    """True where it looks like a name: capitals or digits inside, or a capital in mid-sentence."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, ready to be matched."""

    text: str
    terms: tuple[Term, ...]
    years: tuple[int, ...]
    """Years named, 1900 to 2099."""
    quantity: bool
    """True where an amount is asked for."""
    ceiling: float
    """Weight of a word that no paper has, in nats."""
    weight: float = field(init=False)
    """Sum of the terms' weights; every sentence looked at asks for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", sum(term.weight for term in self.terms))


def read_question(text: str, index: TextIndex, papers: int) -> Question:
    """The question taken apart, its words weighed by the index over `papers` papers."""
    terms: list[Term] = []
    seen: set[tuple[str, ...]] = set()
    for found in _WORD.finditer(text):
        word = found[0].strip(".-")
        if word.lower() in ASKING or (_YEAR.fullmatch(word)):
            continue
        stems = tuple(index.stems(word))
        if not stems or stems in seen:
            continue
        seen.add(stems)
        held = min(index.papers_with(stem) for stem in stems)
        weight = _weight(papers, held)
        terms.append(Term(word, stems, weight, held, _is_name(word, found.start())))
    years = tuple(int(year) for year in _YEAR.findall(text))
    ceiling = _weight(papers, 0)
    return Question(text, tuple(terms), years, bool(_QUANTITY.search(text)), ceiling)


def chunks(question: Question) -> list[str]:
    """Stretches of the question that name one thing: content words side by side.

    Two words at least; longer stretches are also cut into pairs, so that each pair of
    neighbours can be looked for on its own.
    """
    wanted = {term.text for term in question.terms}
    runs: list[list[str]] = [[]]
    for found in _WORD.finditer(question.text):
        word = found[0].strip(".-")
        if word in wanted:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    pairs = [" ".join(run[i : i + 2]) for run in runs for i in range(max(1, len(run) - 1)) if run]
    return list(dict.fromkeys(pairs))


def without(question: Question) -> list[str]:
    """The question once without each of its content words, in the order of `terms`."""
    return [
        " ".join(
            re.sub(rf"(?<!\w){re.escape(term.text)}(?!\w)", " ", question.text, count=1).split()
        )
        for term in question.terms
    ]


def foreign(text: str) -> bool:
    """True where most letters of a text are not Latin."""
    letters = [one for one in unicodedata.normalize("NFKC", text) if one.isalpha()]
    latin = sum(unicodedata.name(one, "").startswith("LATIN") for one in letters)
    return 2 * latin < len(letters)


def _weight(papers: int, held: int) -> float:
    """Inverse document frequency as BM25 has it, never below 0."""
    held = min(held, papers)
    return math.log(1 + (papers - held + 0.5) / (held + 0.5))


def _is_name(word: str, start: int) -> bool:
    inside = any(letter.isupper() or letter.isdigit() for letter in word[1:])
    return inside or (word[0].isupper() and start > 0)
