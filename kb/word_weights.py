"""Words by how much they tell of what a sentence is about: a fixed table.

All words are stems (`kb.wording.stem`) or, where the stem is somebody else's, whole words.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Function words and the rhetoric of abstracts ("remains a significant challenge"): they
# say that there is a difficulty, never which.
EMPTY = _words(
    """
    a abil able about above according achiev across actual address adopt advanc advance aim
    all also although among amount an and another any applic approach are art as aspect at be
    becaus becom been being benefit best beyond both bottleneck but by can cannot capabil
    capable captur caus central challeng challenge clos common complex concern critical
    crucial current demand demonstr despit despite did difficult do doe domin dramatic due
    during each effective effort either emerg emergent especi essential even ever exhibit
    exist existing explor extens extensive face fail failur fall far few first focus for
    frequent from full fundamental fundamentally furth further furthermor gain gap general get
    goal greatly ha had hard has hav have heavi here highlight highly hind hinder his how
    howev however impact import important impress impressiv in inadequat increas increasing
    increasingly inherent insufficient into introduc investig is issu it its itself key know
    known lack larg large largely latt latter lead least leav less like likely limit
    limitation littl long low made main mainly major mak make making many may mean method
    might modern more moreov moreover most mostly much must natur necessit need neglect
    nevertheles new no nor not notabl notably novel now numerou obstacl of offer often on one
    only open or oth other otherwise our over overall overlook own paper particular persist
    pivot play poor popular pos pose posing potential practic practical present primarili
    primary prior pro problem progres prom promin promis promising propos provid question quit
    rais raising rapid rar rarely rath rather real recent recently rely remain remaining
    remarkabl remarkably requir require result reveal role same scenario seriou several severe
    short show shown signific significant sinc since small so solut solution solv some sota
    specif stat state still strateg strategi strong struggl stud studi study substant
    substanti substantial subtl succes such suffer tackl task techniqu than that the their
    them then ther there therefor therefore thes these they thi this thos those though through
    thus to today too toward traditional two typic typical unclear under underexplor underst
    understood understudi unexplor until upon us usag use used useful using usual variou
    various vast ver very via wa was way we well were what when wher where wheth whether which
    whil while who whol whos whose why wid wide widely widespread will with within without
    work world would yet you your
    """
)

# Content words of the field by how common they are among challenge sentences of 7,912
# abstracts on language models and software: in 5 % or more of them,
COMMON = _words("model llm languag code gener agent system softwar data ai mllm")
# in 2.5 % or more,
FREQUENT = _words(
    """
    autom base benchmark coding correct cost design develop domain effect engineer evalu high
    human inform knowledg learn level output perform process produc program programm qual
    reason reli research specific structur text time tool train understand user
    """
)
# and in 1.2 % or more.
MEDIUM = _words(
    """
    accurac adapt agentic align analysi attack behavior chang comput constraint content
    context control creat dataset deploy divers effici environ evolv execut expert feedback
    focu framework implement improv infer input integr interact machin manual multi optimiz
    pattern practition project prompt quer real repositor resourc risk scal semantic sourc
    standard static support test token visual workflow
    """
)

# Endings that `stem` takes off, the longest first. Crude on purpose: it need only bring
# "generate", "generated" and "generation" together, and never has to print what is left.
SUFFIXES = tuple(
    sorted(
        _words(
            """
            ational ibilities abilities ibility ability ations ation ating ative ated ates ators
            ator ate izing ising ized ised izes ises ize ise ingly ings ing edly ed ities ity ions
            ion ments ment ness ances ance ences ence ally ly ives ive ies es s e y
            """
        ),
        key=lambda ending: (-len(ending), ending),
    )
)
