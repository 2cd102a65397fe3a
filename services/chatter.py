"""Tell a question from a greeting, thanks and chatter, in Portuguese and English."""

import re

from services.lexical import fold

GREETING = re.compile(
    r"^(?:(?:oi+e?|ola|opa|eai|e ai|bom dia|boa tarde|boa noite|fala|salve|hey|hi+|hello|good (?:morning|evening)"
    r"|gente|pessoal|galera|professora?|prof|monitoria|all|everyone|guys|obrigad[oa]|valeu|vlw|thanks?|thank you|thx)"
    r"[\s,.!…]*)+"
)
QUESTION_WORDS = re.compile(
    r"^(?:e )?(?:o que|oque|q e|que (?:e|sao|significa|diferenca)|qual|quais|quando|onde|como|por ?que|pq|quem"
    r"|quant[oa]s?|para que|pra que|alguem (?:sabe|pode|consegue|entendeu)|poderia|pode(?:m|ria)? (?:me )?explicar"
    r"|explique|explica|defina|me explica|nao (?:entendi|entendo|compreendi|compreendo|sei)|tenho (?:uma )?duvida"
    r"|duvida|fiquei (?:com )?duvida|what|which|when|where|how|why|who|could|can (?:someone|anyone|you)|does"
    r"|do (?:we|you)|is (?:there|it)|are (?:there|we)|explain|define"
    r"|i (?:do not|don.?t|did not|didn.?t) (?:understand|get|know))\b"
)
SMALL_TALK = re.compile(
    r"^(?:(?:e ai )?(?:tudo (?:bem|bom|certo)|td bem|como (?:vai|vao|estao|voces estao|voce esta)|blz|beleza"
    r"|how are you|what.?s up|how.?s it going|alguem (?:ai|online|acordado)|anyone (?:here|there)|serio|ne|certo|ok"
    r"|really|right|e eu|quem (?:vai|topa|quer)\b.*|bora\b.*|vamos\b.*)[\s,.!?…]*)+$"
)
FEWEST_WORDS = 3


def is_question(text: str) -> bool:
    """
    Say whether *text* asks something that lectures could answer; in doubt, silence is kinder than a bot's answer.

    >>> is_question("Bom dia, gente! Tudo bem?"), is_question("bom dia! por que o gradiente some?")
    (False, True)
    """
    plain = fold(" ".join(re.sub(r"<[^<>\s]+>|https?://\S+", " ", text).split()))
    asked = GREETING.sub("", plain).lstrip(" ,.!?…")
    if not asked or SMALL_TALK.match(asked) or len(asked.split()) < FEWEST_WORDS:
        return False
    return "?" in asked or any(QUESTION_WORDS.match(sentence) for sentence in re.split(r"(?<=[.!;:,\n])\s+", asked))
