"""The words around what a lecturer names: they tell which words may stand in a title. All are folded."""

from services.words.fillers import listed

SAID_BY = listed(
    """
    o a os as um uma uns umas do da dos das no na nos nas ao aos pelo pela pelos pelas num numa esse essa esses essas
    este esta estes estas seu sua seus suas nosso nossa cada the an this these those our your its each some any of de
    del el la los las un una unos unas le les l des du au aux ce cette ces der die das den dem ein eine einen einem
    einer eines
    """
)
"""Articles and the like, folded: a word that often stands after one names something."""
BETWEEN = listed("de da do das dos of del du des der von")
AGENTS = listed("eu tu voce voces ele ela eles elas nos que nao i you we they he she it to not who je on il")
"""Words after which one is done rather than named."""
TO_DO = listed("de ao")
"""Words after which a Portuguese infinitive, too, may stand: "deixa de ligar"."""
INFINITIVES = ("ar", "er", "ir")
SPOKEN = listed(
    """
    seguinte seguintes following desses dessas destes destas daqueles daquelas menos various several numero pedaco
    coisa coisas cara gente pessoal tipo negocio ponto parte lado vez vezes jeito forma caso casos dia dias ano
    anos hora minuto minutos cima baixo frente direita esquerda meio final fim comeco inicio pouco tanto tantos
    bocado certo certa claro exemplo exemplos questao questoes pergunta perguntas resposta ideia ideias slide
    slides video videos primeiro primeira segundo segunda terceiro terceira ultimo ultima proximo proxima outro
    outra outros outras maneira maneiras algo alguem alguma alguns algumas nada tudo tais tal mil diferente
    diferentes thing things stuff guy guys kind kinds sort lot lots bit way ways time times case cases day days
    year years point points part parts side end start beginning example examples question questions idea ideas
    slide slides video videos first second third last next people somebody something anything everything nothing
    number fact course different same whole little big great new good many much back couple bunch place
    everybody one two three four five six seven eight nine ten yeah okay minute minutes hour hours today
    tomorrow yesterday um uma dois duas tres quatro cinco seis sete oito nove dez hoje amanha ontem top bottom
    onze doze treze catorze quatorze quinze dezesseis dezessete dezoito dezenove vinte trinta quarenta cinquenta
    sessenta setenta oitenta noventa cem cento eleven twelve twenty thirty forty fifty sixty seventy eighty ninety
    hundred agora now
    left right chose choses fois facon exemple cosa cosas vez ejemplo laughter applause music risos aplausos
    musica musique musik sagt also
    """
)
"""What lecturers say in any lecture, folded: like fillers and words that carry no subject, it makes no title."""
