"""By what words a question leans on the conversation: patterns, and names of one kind."""

from __future__ import annotations

import re

LEAD = re.compile(
    r"^(?:(?:and|but|or|so|then|also|ok(?:ay)?|now|well)\b[\s,]*)*"
    r"(?P<whole>(?:what about|how about|what of|(?:the )?same (?:question )?(?:for|in|with|about)|"
    r"only|just|but only|instead|rather)\b[\s,]*)?",
    re.IGNORECASE,
)
PREPOSITION = (
    r"for|in|with|on|at|from|by|to|within|under|during|without|about|of|since|before|after|until"
)
PREPOSITION_FIRST = re.compile(rf"^(?:{PREPOSITION})\b", re.IGNORECASE)
ASKS = re.compile(
    r"^(?:how|what|which|who|whose|when|where|why|do|does|did|is|are|was|were|can|could|should|"
    r"will|would|has|have|had|may|might|must|if|given|name|list|count|number|tell|show|explain|"
    r"compare|find|give|describe)\b",
    re.IGNORECASE,
)
WHY = re.compile(
    r"(?:and )?(?:why(?: not| so| is (?:that|this|it)(?: so)?)?|how come)", re.IGNORECASE
)
MEASURE = re.compile(
    r"(?:by )?(?:how(?: (?:much|often|many|far|fast|long|well|large|good|reliably?))?|when|where|"
    r"who|by whom|to what extent|with what (?:data|method|result)s?)(?: (?:exactly|so))?",
    re.IGNORECASE,
)
_GROUP = r"(?:these|those|them)"
_NOUN = r"(?:papers|studies|works|articles|publications|ones)"
AMONG = re.compile(
    rf"\b(?P<ask>which|any|some|how many|what|all|most|each)(?: one)? of "
    rf"(?:{_GROUP}|the (?:cited|same|above))(?: {_NOUN})?\b|"
    rf"\b(?:among|of|in|from|within|for) (?:{_GROUP} {_NOUN}|the (?:cited|same|above) {_NOUN})\b|"
    rf"^(?:of|among|from) {_GROUP}\b|\b(?:{_GROUP}|the (?:cited|same|above)) {_NOUN}\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"\b(?:they|them|their|theirs|it|its|this|that|these|those|there)\b", re.IGNORECASE
)
# They who do something at the question's head; "when they fail" speaks of its own subject.
THEY = re.compile(
    r"^(?:(?:which|what|how(?: \w+)?|where|when|why)(?: \w+){0,3} )?"
    r"(?:do|did|have|are|were|can|could|will|would) they\b",
    re.IGNORECASE,
)
# "Is it possible to …", "how does it come that …": this "it" stands for what follows.
EMPTY_IT = re.compile(
    r"\bit (?:be |ever |really |still )?(?:(?:im)?possible|feasible|necessary|worth|true|safe|"
    r"better|best|easy|easier|hard|harder|known|likely|useful|common|enough|realistic|practical|"
    r"takes?|took|matter|helps?|pays?|makes? sense|costs?|that|difficult|important|"
    r"(?:comes?|happens?|seems?|appears?) (?:that|about))\b.+",
    re.IGNORECASE,
)
# Asked by themselves they belong to something: "what are the limitations?".
BELONGING = frozenset(
    """limitation limitations challenge challenges drawback drawbacks benefit benefits reason
    reasons cause causes dataset datasets data metric metrics measure result results risk
    risks cost costs alternative alternatives example examples evidence consequence
    consequences solution solutions remedy remedies problem problems difference differences
    baseline baselines benchmark benchmarks tool tools main open future advantages
    disadvantages authors""".split()
)
CLAUSE = re.compile(
    r"\b(?:when|while|if|because|that|which|who|after|before|than|as|and|or)\b", re.IGNORECASE
)
ANY_OF = re.compile(
    r"(?:in |for |across |over )?(?:all|any|every)(?: (?:the|of the))?\s+(?P<of>\w+)", re.IGNORECASE
)
DATED = re.compile(
    r" (?:since|before|after|until|up to|in|from|between) (?:19|20)\d\d[\w –-]*$", re.IGNORECASE
)
WORD = re.compile(r"[^\W_][\w.+#\-]*[\w+#]|[^\W_]")

# Names of one kind: one takes the other's place.
LANGUAGES = frozenset(
    "python java c c++ c# rust go golang javascript typescript haskell kotlin swift ruby php scala "
    "julia r matlab fortran cobol sql verilog systemverilog vhdl solidity bash lua perl ocaml dart "
    "ada prolog lean coq rocq isabelle dafny verus erlang elixir racket zig cuda ansible "
    "terraform scratch".split()
)
MODEL_NAME = re.compile(
    r"(?:gpt|claude|gemini|llama|deepseek|qwen|starcoder|codellama|codex|copilot|chatgpt|cursor|"
    r"mistral|gemma|phi|devin|windsurf|o[134])[\w.\-]*",
    re.IGNORECASE,
)

# Words that say nothing of what is meant, and those between asking and a topic.
EMPTY_WORDS = frozenset(
    "there here too though exactly please them tell more explain continue".split()
)
ASKING_WORDS = frozenset("much many well often good the a an we one there any".split())
