"""
Words that students put around a question, an answer, thanks and each other, in Portuguese and English.

They belong to no field: a list of a field's own words would be right for one course and wrong for the next. All
patterns read text as `plain` leaves it: folded, its shorthand written out, "é" as "eh" so that it is no "and".
"""

import re

from services.words.fillers import COMPANY, COURTESIES, GRATITUDE, GREETINGS, listed, said_as, written_out
from services.words.terms import fold

IS = re.compile(r"\bé\b")
TOLD_APART = frozenset({"eh", "porque", "pq", "ta"})
"""Shorthand that stays: "pq" opens a question where nobody has asked and "porque" an answer; "ta?" asks nothing."""

SPOKEN = (
    (re.compile(r"\bceis\b"), "voces"),
    (re.compile(r"\b(?:tu|ce)\b"), "voce"),
    (re.compile(r"\bn(?= (?:entend|saqu|peg|consig|sei))"), "nao"),
    (re.compile(r"\bwdym\b"), "what do you mean"),
    (re.compile(r"\b(?:ya|y'all)\b"), "you"),
    (re.compile(r"[?!]*\?[?!]*"), "?"),
)


def plain(text: str) -> str:
    """
    Return *text* on one line as the patterns read it.

    >>> plain("Oq é um  tensor??")
    'o que eh um tensor?'
    """
    written = written_out(fold(IS.sub("eh", text.lower())), without=TOLD_APART)
    for pattern, whole in SPOKEN:
        written = pattern.sub(whole, written)
    return " ".join(written.split())


NO_NAMES = COURTESIES | listed(
    """
    ah alguem all beleza blz boa bom but calma caramba certo cara duvida entao er eu exato hm hmm isso legal mano mas
    monitoria nao no nossa oh ok okay pera pergunta question right show sim so sorry tipo uma wait well yeah yes
    """
)
"""What stands with a capital before a comma, and is nobody's name."""

LAUGHTER = re.compile(r"\b(?:k{2,}|(?:h[ae]){2,}h?|(?:rs){2,}|rs|lo+l|lmao|haha\w*)\b", re.IGNORECASE)

LEAD = re.compile(
    rf"^(?:(?:{said_as(*GREETINGS, *COMPANY, *GRATITUDE)}(?: a lot\b)?"
    r"|(?:monitoria|mano|cara|all|ah+|oh|hm+|pera(?: ai)?|calma|wait|well|tipo|bom|entao|so|ok(?:ay)?|blz|beleza|show"
    r"|legal|certo|sim|yes|yeah|got it|i see|(?:agora )?entendi(?= ?[,.!…])|saquei(?= ?[,.!])|mas|but|a?ta"
    r"|please|sorry|desculpa|foi mal|por favor|quick question|(?:uma|so uma) (?:duvida|pergunta)|so mais uma coisa"
    r"|one more thing)(?![\w']))[\s,.:!…-]*)+"
)
"""Greetings, thanks and fillers before what is said."""

CONCLUDES = re.compile(r"^\W*(?:(?:ah|hm+|ok|mas|but|oh)[\s,]*)?(?:entao|quer dizer|ou seja|so|that means)\b")
TAG = re.compile(
    r"[,.…]? *\b(?:ne|nao eh|certo|ok|entende(?:u)?|sac(?:a|ou)|ta|beleza|blz|viu|right|yeah|you know|see)\? *$"
)
""""…, né?" makes no question of a statement; "então …, certo?" is one."""

SMALL_TALK = re.compile(
    r"^(?:(?:(?:e ai )?(?:tudo (?:bem|bom|certo)|como (?:vai|vao|estao|voces estao|voce esta))|blz|beleza"
    r"|how are you|what.?s up|how.?s (?:it going|everyone|life)\b.*|alguem (?:ai|online|acordado)|anyone (?:here|there)"
    r"|serio|eh mesmo|ne|certo|ok|really|right|e eu|qual a boa\b.*|bora\b.*|vamos\b.*|is it just me\b.*|up|bump"
    r")[\s,.!?…]*)+$"
)

PEOPLE = re.compile(
    r"^(?:e )?voces?\b(?! (?:pode|poderia|consegue))|\bvoces\b(?! (?:recomend|suger|indic|explic))"
    r"|\bvoce (?:ja |nao |tambem |so )*(?:\w{2,}(?:ou|eu|iu)|fez|ta|esta|vai|quer|tem)\b|\b(?:para|com|de) voce\b"
    r"|\b(?:eh|sao|foi) [oa]s? (?:sua|seu|tua|teu)s?\b|^(?:e |cade |qual (?:eh )?)?[oa]?s? ?(?:seu|sua|teu|tua)s?\b"
    r"|^(?:ja |nao |e |e ai )?(?:tentou|conseguiu|rodou|testou|viu|fez|usou|leu|olhou|instalou|atualizou|verificou)\b"
    r"|^(?:posta|manda|mostra|envia|tenta|olha|post|send|share|try|show)\b"
    r"|^(?:confirma|quer que eu|want me to|ja pode|pode (?:sair|fechar))\b"
    r"|^quem (?:vai|topa|quer|quiser|nunca|fez|mais|souber|diria|ta|tem|conseguiu|eh voce)\b"
    r"|^quem (?:eh|sao) [oa]s? (?:monitor|prof)|^who (?:else|wants|cares|knew)\b"
    r"|^(?:e )?(?:entendeu|entenderam|sacou|deu certo|conseguiu|ajudou|funcionou|resolveu|faz sentido|make sense|clear"
    r"|(?:does|did) (?:that|this|it) (?:help|work|make sense))(?: agora| now| ai)? ?\?$"
    r"|\byou (?:all|guys)\b|\bdo you (?:get|see|have|use|want|run)\b|\b(?:your|are you)\b"
    r"|^(?:did|have|has|were|are|will|do) (?:you|they)\b|^(?:can|could|would) you\b"
    r"|\btodo mundo\b|\b(?:churrasco|festa|cerveja|almoc\w+|cantina|carona|role|lunch|beers?|party)\b"
    r"|\beveryone\b|\bmais alguem\b|\balguem mais\b|\banyone else\b"
)
"""What one person says to another, or of what they do together."""

ANYBODY = re.compile(
    r"^\W*(?:(?:does|do|can|could|is|are|has|have|was) )?(?:alguem|any(?:one|body)|some(?:one|body))\b"
)
ANYBODY_WHO_KNOWS = re.compile(
    ANYBODY.pattern + r" (?:sabe|lembra|tem ideia|pode|poderia|consegue|conseguiu entender|(?:me )?(?:da|explica)\b"
    r"|entende(?:u)? (?:o que|como|por que|pq|porque)"
    r"|know|remember|explain|tell|give|help|understand|get)s?\b(?: \S+){2,}"
)

GUESS = re.compile(
    r"^(?:eu )?(?:acho|acredito|imagino|creio|chuto)\b|^(?:deve|pode) ser\b|^talvez\b|^na (?:vdd|verdade|real)\b"
    r"|^basicamente\b|^(?:sera que )?nao (?:seria|sera|eh|e|foi|era)\b|^(?:eh|isso|exato|porque)\b(?!.*\?)"
    r"|^no meu caso\b(?!.*\?)|^depende\b|^i (?:think|guess|believe|suppose)\b"
    r"|^(?:maybe|perhaps|probably|actually|basically|because|it.?s|could it be)\b|^isn.?t it because\b"
)
"""What offers an answer, also with a question mark."""

RIDDLE = re.compile(
    r"\b(?:sabe|sabem|adivinha) o que\b(?! (?:eh|significa))|^(?:you know|guess) what\b|^(?:imagina|imagine)\b"
)
ANSWER_FOLLOWS = re.compile(r"^(?:pq|porque|por causa|eh (?:que|so|por)|simples|because|since|simple|it.?s)\b")
"""Who goes on so has asked in order to answer."""

ASKS_UNMARKED = re.compile(
    r"^(?:e |mas |and |but )?(?:"
    r"o que (?:que )?(?:eh|e|sao|significa|seria|acontece|quer dizer|faz|muda)\b"
    r"|quais?\b(?! a boa)|quant[oa]s?\b(?! (?:menor|maior|mais|menos|coisa|gente))"
    r"|(?:a )?diferenca entre\b|difference between\b|de onde\b|para que\b|por que\b"
    r"|quando (?:usar?|eu uso|devo|comeca|termina|sera|eh (?:a|o|que))\b"
    r"|onde (?:na|no|ele|ela|fica|encontro|acho|esta|ta|eh|vejo)\b|em (?:que|qual) (?:aula|parte|momento|caso|video)\b"
    r"|como (?:que|eh que|se|eu (?:sei|faco|calculo|uso|escolho|vejo)|faz|faco|fazer|calcula\w*|funciona\w*"
    r"|resolve\w*|evita\w*|usa\w*|saber|sei|escolh\w+|fica)\b"
    r"|da para \w+ \w+|tem como\b"
    r"|(?:what|when|where|who|how|why) (?:is|are|was|does|do|did|should|would|can|could|will|to)\b(?! you all)"
    r"|what.?s\b|how (?:many|much|come|big|long)\b|which (?!is\b|means\b|was\b)\w+|(?:what|how) about\b"
    r"|what (?:if|happens)\b|why (?:the|we|it|this|that)\b"
    r"|(?:should|can|could|may|must|would) (?:i|we|it|this|that|the)\b|does (?!any|some)\w+"
    r"|(?:is|are) (?:the|a|an|this|that|it|there)\b"
    r")"
)
"""Openings of a question that need no mark; "quando rodei" and "what I did" are none of them."""

STATES = re.compile(
    r"\w .*\b(?:eh|foi|era|sao|is|was) "
    r"(?:que|na|no|em|so|por|pq|porque|exatamente|simples|simple|that|because|in)\b|:$"
)
"""A statement that opens as a question does: "o que acontece é que …"."""

ENDS_OPEN = re.compile(r"\b(?:or not|ou nao|(?:o que|por que|para que|quanto)(?: exatamente| mesmo)?)\W*$")
WHY_FIRST = re.compile(r"^(?:mas |but |e )?pq (?!e\b|eh\b)\w+")
WHY_AGAIN = re.compile(r"\b(?:mas|but) (?:pq|why)\b")
FOLLOWS = re.compile(
    r"^e (?:n[ao]s?|com|sem|para|se|quando|como|onde|por que|pq|o que|qual|quanto|em)\b"
    r"|^and (?:in|for|with|if|what|how|why)\b"
)
BARE = re.compile(
    r"^(?:e |mas |but |and )?"
    r"(?:pq|por que|porque|como(?: assim)?|onde|qual(?: aula)?|quanto|why|how(?: so| come)?|what|huh)$"
)

NOT_UNDERSTOOD = re.compile(
    r"\bnao (?:entendi|entendo|compreendi|compreendo|saquei|peguei|captei|consigo entender|consegui entender"
    r"|ficou (?:muito |bem )?clar[oa])\b(?! (?:foi )?nada\b)|\bsem entender\b|^boiei\b|^(?:e |eu )?me perdi\b"
    r"|\b(?:to|tou|estou|fiquei) (?:meio |muito |bem |super )?(?:confus[oa]|perdid[oa]|com duvida|na duvida)\b"
    r"|\b(?:tenho|surgiu|bateu|fiquei com) (?:uma )?duvidas?\b"
    r"|\bi (?:still )?(?:do not|don.?t|did not|didn.?t|can.?t) (?:really |quite )?(?:get|understand|follow)\b"
    r"|\bi.?m (?:still )?(?:a bit |so |kinda )?(?:lost|confused|stuck)\b|^im (?:lost|confused|stuck)\b"
    r"|^still (?:confused|lost)\b|\bstill unclear\b|\bnot (?:sure i (?:follow|understand|get)|clear to me)\b"
)
REQUEST = re.compile(
    r"^(?:eu )?(?:queria|gostaria de|quero) (?:saber|entender|um exemplo|ver um exemplo)\b"
    r"|^i.?(?:d| would) (?:like|love) to (?:know|understand)\b"
    r"|^(?:alguem )?(?:me )?ajud(?:a|em)(?: aqui)? (?:com|em|no|na|nes[st][ae]|a entender)\b"
    r"|^(?:can|could) (?:someone|somebody|anyone) help\b"
    r"|^(?:e )?(?:(?:voce |alguem )?(?:pode|poderia|consegue|da para|tem como) )?(?:me )?"
    r"(?:(?:explica|explique|explicar|detalha|detalhar|detalhe|exemplifica|exemplificar|defina|define|resume)\b"
    r"|(?:da|de|dar|mostra|mostrar)(?: me)? (?:(?:um|outro|mais um) exemplo|[ao] (?:conta|calculo|passo|formula)))"
    r"|^(?:(?:can|could|would) (?:you|someone|anyone|somebody)(?: please)? )?"
    r"(?:explain|define|elaborate|clarify|rephrase|simplify|repeat|say (?:that|this|it)|go over"
    r"|give (?:me |us )?an(?:other)? example)\b"
)

THANKS = re.compile(
    rf"\b(?:(?:muit[oa] |super )?(?:{said_as(*GRATITUDE)}|obrigad[oa]s|brigad[oa]|tmj|agradeco)"
    r"(?: (?:demais|muito|a lot|so much|mesmo))?"
    r"|entendi|saquei|ok(?:ay)?|blz|beleza|certo|show(?: de bola)?|perfeito|otimo|legal|top|massa"
    r"|sim|isso(?: ai| mesmo)?|got it|i see|makes sense|faz sentido|great|nice|cool|perfect|yes|yeah|bom bot|good bot"
    r"|ajudou(?: muito| demais)?|that helps?(?: a lot)?|agora(?: sim)?|ah+|oh|monitoria|gente|pessoal|prof)\b"
)
SAYS_THANKS = re.compile(rf"\b(?:{said_as(*GRATITUDE)}|(?:o?brigad[oa]s?|agradeco|tmj)\b)")
GREETS = re.compile(
    rf"\b(?:{said_as(*GREETINGS)}|(?:tudo|td) (?:bem|bom|certo|joia)\b|como vai\b|how are you\b"
    r"|(?:tchau|ate (?:mais|logo|amanha)|bye|goodbye|see you)\b)"
)
BESIDE_COURTESIES = re.compile(
    rf"\b(?:{said_as(*COMPANY)}|(?:monitoria|bot|muito|demais|mesmo|de novo|again|a lot|so much|very much|voces?|you"
    r"|pel[oa]s? (?:ajuda|resposta|explicacao|atencao)|for (?:your|the) (?:help|answer|explanation)|todos|all|there"
    r"|a|com|e|and|ai|hoje|today|alguem|someone)\b)"
)
"""What stands beside greetings and thanks, and asks nothing either; `@someone` is how a mention is stored."""
AMBIGUOUS_ALONE = frozenset({"fala", "salve"})
"""Greetings that are a subject where they stand alone: "fala" is also speech."""
SHARES = re.compile(
    r"\b(?:meus?|minhas?) (?:resumos?|anotac\w+|notas|caderno|slides)\b|\bsegue(?:m)? (?:o|a|os|as|em)\b"
    r"|\bcompartilh\w+|\bgrupos? de estudos?\b|\bstudy groups?\b|\bsharing\b|\bmy notes\b|\baproveitem\b"
    r"|^\W*(?:dica|aviso|tip|fyi|psa|material)\b|\bachei (?:esse|este|um) (?:site|video|artigo|livro|canal)\b"
    r"|\b(?:everyone is|bem.?vind[oa]s?|welcome)\b"
)
"""How a post speaks that gives something instead of asking."""
