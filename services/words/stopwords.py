"""Words that carry no subject: articles, prepositions, pronouns, auxiliaries and spoken fillers, without accents."""

PORTUGUESE = frozenset(
    """
    a ai ainda ali ao aos apenas aquela aquelas aquele aqueles aqui aquilo as assim ate bem cada ca coisa com como
    da daquela daquele das de dela delas dele deles depois dessa desse desta deste disso do dos e eh ela elas ele
    eles em enquanto entao entre era eram essa essas esse esses esta estamos estao estar estas estava este estes
    estou eu faz fazem fazer fez foi foram ha isso isto ja la lhe lhes mais mas me mesma mesmo meu meus minha
    minhas muita muito na nao nas ne nela nele nem nessa nesse nesta neste nisso no nos nossa nossas nosso nossos
    num numa o os ou para pela pelas pelo pelos pode podem por porque pra pras pro pros qual quais quando que quem
    sao se seja sem ser seu seus so sobre sua suas ta tambem te tem tenho ter teu teus tinha toda todas todo todos
    tu tua tuas um uma umas uns vai vamos vao ver voce voces vos vou onde
    """.split()
)

# Without "some": it is a verb in Portuguese, and what gradients do.
ENGLISH = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing don't down during each few for from further get go going had has have having he
    her here hers him his how i i'm if in into is it it's its just let let's like me more most my no nor not now of
    off ok okay on once only or other our ours out over own really right same she should so such than that
    that's the their them then there these they thing things this those through to too under until up us very was
    we we're were what when where which while who whom why will with would yeah you you're your yours
    """.split()
)

SPANISH = frozenset(
    """
    a al algo ante antes aqui asi aun bien cada como con cual cuando de del desde donde dos el ella ellas ellos en
    entre era eran es esa esas ese eso esos esta estaba estan estas este esto estos fue fueron ha hacer hay la las
    le les lo los mas me mi mis muy nada ni no nos nosotros o os otra otro para pero por porque pues que quien se
    sea ser si sin sobre son su sus tambien te tiene tienen todo todos tu un una unas uno unos vamos y ya yo
    """.split()
)

FRENCH = frozenset(
    """
    a ai alors au aussi aux avec avoir bien c'est ca car ce cela ces cet cette ceux comme dans de des deux donc du
    elle elles en encore est et etait etre eu fait il ils j'ai je la le les leur leurs lui ma mais me meme mes moi
    mon ne nos notre nous on ont ou par pas peu peut plus pour pourquoi quand que quel quelle qui sa sans se ses si
    son sont sur ta te tes toi ton tous tout tu un une va vers voici vos votre vous y
    """.split()
)

GERMAN = frozenset(
    """
    aber alle als also am an auch auf aus bei bin bis da dann das dass dem den der des die dies diese diesem diesen
    dieser dieses doch du durch ein eine einem einen einer eines er es etwas fur habe haben hat hatte hier ich ihr
    im in ist ja jetzt kann kein keine man mehr mein mit nach nicht noch nun nur ob oder ohne schon sehr sein seine
    sich sie sind so uber um und uns unter vom von vor war was weil wenn wer werden wie wieder wir wird wo zu zum
    zur
    """.split()
)

BY_LANGUAGE = {"pt": PORTUGUESE, "en": ENGLISH, "es": SPANISH, "fr": FRENCH, "de": GERMAN}
