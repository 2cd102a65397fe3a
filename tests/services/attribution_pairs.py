"""Sentences as a model writes them, labelled by hand: the passage says it (first list), or does not (second list)."""

Passage = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Language, cues, sentences that the cues say, sentences that they do not say (some false, some said elsewhere)."""

PASSAGES: tuple[Passage, ...] = (
    (
        "pt",
        (
            "Bom, o dropout é uma forma de regularizar a rede.",
            "A cada passo do treino a gente sorteia neurônios e desliga eles,",
            "com uma probabilidade que costuma ser meio.",
            "No teste ninguém é desligado, e a saída é multiplicada pela probabilidade.",
        ),
        (
            "O dropout é uma forma de regularizar a rede.",
            "A cada passo do treino, neurônios sorteados são desligados.",
            "No teste ninguém é desligado e a saída é multiplicada pela probabilidade.",
            "Durante o treino, a rede desliga neurônios sorteados com uma probabilidade que costuma ser meio.",
        ),
        (
            "O dropout aumenta a taxa de aprendizado das camadas profundas.",
            "O dropout foi proposto para acelerar a convergência em GPUs.",
            "O batch normalization centraliza as ativações de cada camada.",
            "Recomenda-se usar dropout apenas na última camada convolucional.",
        ),
    ),
    (
        "pt",
        (
            "A taxa de aprendizado diz o tamanho do passo na direção contrária ao gradiente.",
            "Se ela é grande demais, a perda pula de um lado para o outro e pode divergir.",
            "Se é pequena demais, o treino leva uma eternidade.",
            "Por isso muita gente começa com um valor alto e vai diminuindo.",
        ),
        (
            "A taxa de aprendizado é o tamanho do passo na direção contrária ao gradiente.",
            "Com uma taxa grande demais, a perda pula de um lado para o outro e pode divergir.",
            "Se a taxa é pequena demais, o treino leva muito tempo, uma eternidade.",
            "Muita gente começa com um valor alto e vai diminuindo a taxa.",
        ),
        (
            "A taxa de aprendizado ideal para o Adam é 0,001.",
            "O momento acumula gradientes de passos anteriores para suavizar a trajetória.",
            "A taxa de aprendizado deve ser igual ao número de camadas da rede.",
            "Quando a perda pula, o correto é aumentar o tamanho do lote.",
        ),
    ),
    (
        "pt",
        (
            "Uma pilha é uma estrutura em que o último que entra é o primeiro que sai.",
            "As operações são empilhar e desempilhar, as duas em tempo constante.",
            "A chamada de funções do programa usa uma pilha por baixo.",
            "É por isso que uma recursão sem fim estoura a pilha.",
        ),
        (
            "Numa pilha, o último que entra é o primeiro que sai.",
            "Empilhar e desempilhar são operações em tempo constante.",
            "A chamada de funções de um programa usa uma pilha.",
            "Uma recursão sem fim estoura a pilha.",
        ),
        (
            "Uma fila atende primeiro o elemento que chegou primeiro.",
            "Uma pilha pode ser ordenada em tempo linear com contagem.",
            "Desempilhar custa tempo proporcional ao número de elementos.",
            "A pilha do programa guarda as variáveis globais do sistema operacional.",
        ),
    ),
    (
        "pt",
        (
            "A busca binária só funciona se o vetor está ordenado.",
            "A gente olha o elemento do meio e joga metade fora.",
            "Com um milhão de elementos são umas vinte comparações,",
            "porque o custo é o logaritmo de base dois do tamanho.",
        ),
        (
            "A busca binária só funciona em um vetor ordenado.",
            "A busca olha o elemento do meio e joga metade fora.",
            "Com um milhão de elementos, são umas vinte comparações.",
            "O custo é o logaritmo de base dois do tamanho.",
        ),
        (
            "A busca binária funciona também em vetores que não estão ordenados.",
            "A busca sequencial é mais rápida para vetores muito grandes.",
            "Uma árvore balanceada guarda ponteiros para o pai de cada nó.",
            "A busca por espalhamento encontra um elemento em tempo constante.",
        ),
    ),
    (
        "pt",
        (
            "A derivada é o limite da taxa de variação quando o intervalo vai a zero.",
            "Geometricamente, é a inclinação da reta tangente ao gráfico.",
            "Onde a função tem um bico, como o módulo no zero, a derivada não existe.",
        ),
        (
            "A derivada é o limite da taxa de variação quando o intervalo vai a zero.",
            "Geometricamente, a derivada é a inclinação da reta tangente ao gráfico.",
            "A derivada não existe onde a função tem um bico, como o módulo no zero.",
            "O módulo não tem derivada no zero, pois ali a função tem um bico.",
        ),
        (
            "A integral definida calcula a área sob o gráfico entre dois pontos.",
            "A derivada do módulo no zero é igual a um.",
            "Toda função contínua possui derivada em todos os pontos.",
            "A regra da cadeia multiplica as derivadas das funções compostas.",
        ),
    ),
    (
        "pt",
        (
            "Na mitose a célula se divide em duas com o mesmo número de cromossomos.",
            "Na meiose são duas divisões seguidas, e saem quatro células com metade.",
            "O crossing over acontece na prófase um e mistura os genes dos pais.",
        ),
        (
            "Na mitose, a célula se divide em duas com o mesmo número de cromossomos.",
            "Na meiose há duas divisões seguidas, das quais saem quatro células com metade dos cromossomos.",
            "O crossing over acontece na prófase e mistura os genes dos pais.",
            "A meiose tem duas divisões seguidas e produz quatro células.",
        ),
        (
            "A mitocôndria produz a energia que a célula usa na divisão.",
            "O crossing over acontece na anáfase dois da meiose.",
            "A meiose ocorre em todas as células do corpo humano.",
            "O DNA é duplicado na fase S do ciclo celular.",
        ),
    ),
    (
        "pt",
        (
            "A inflação de demanda vem quando se gasta mais do que a economia produz.",
            "O banco central sobe os juros para esfriar o consumo.",
            "Mas o efeito demora de seis a nove meses para aparecer nos preços.",
        ),
        (
            "A inflação de demanda surge quando se gasta mais do que a economia produz.",
            "O banco central sobe os juros para esfriar o consumo.",
            "O efeito dos juros demora de seis a nove meses para aparecer nos preços.",
            "Para esfriar o consumo, o banco central sobe os juros.",
        ),
        (
            "O governo emite moeda para financiar o déficit público.",
            "A inflação de custos vem do aumento do preço do petróleo.",
            "O banco central baixa os juros quando o desemprego diminui.",
            "O câmbio flutuante elimina a inflação em poucos meses.",
        ),
    ),
    (
        "pt",
        (
            "O TCP garante a entrega: cada pacote tem um número e o outro lado confirma.",
            "Se a confirmação não chega a tempo, o pacote é mandado de novo.",
            "O UDP não faz nada disso, e por isso é mais rápido para voz e jogos.",
        ),
        (
            "No TCP cada pacote tem um número e o outro lado confirma, o que garante a entrega.",
            "Se a confirmação não chega a tempo, o pacote é mandado de novo.",
            "O UDP não faz nada disso e é mais rápido para voz e jogos.",
            "O TCP garante a entrega com número em cada pacote e confirmação do outro lado.",
        ),
        (
            "O UDP garante a entrega de cada pacote com confirmação.",
            "O TCP usa criptografia para proteger o conteúdo dos pacotes.",
            "O protocolo IP escolhe o caminho entre os roteadores.",
            "A janela de congestionamento dobra a cada confirmação recebida.",
        ),
    ),
    (
        "pt",
        (
            "Uma chave primária identifica cada linha da tabela, e não pode repetir.",
            "A chave estrangeira aponta para a chave primária de outra tabela.",
            "Se você apaga a linha apontada, o banco recusa, a não ser que tenha cascata.",
        ),
        (
            "A chave primária identifica cada linha da tabela e não pode repetir.",
            "Uma chave estrangeira aponta para a chave primária de outra tabela.",
            "O banco recusa apagar a linha apontada, a não ser que tenha cascata.",
            "A chave estrangeira de uma tabela aponta para a chave primária de outra.",
        ),
        (
            "Um índice acelera as consultas, mas deixa as inserções mais lentas.",
            "A chave primária deve ser sempre um texto de tamanho fixo.",
            "A terceira forma normal elimina dependências transitivas.",
            "O banco apaga sozinho as tabelas que ficam sem uso.",
        ),
    ),
    (
        "pt",
        (
            "No teste de hipóteses, o valor p é a chance de ver um resultado tão extremo se a nula for verdade.",
            "Ele não é a probabilidade de a hipótese nula ser verdadeira.",
            "O corte de cinco por cento é só uma convenção do Fisher.",
        ),
        (
            "O valor p é a chance de ver um resultado tão extremo se a hipótese nula for verdade.",
            "O valor p não é a probabilidade de a hipótese nula ser verdadeira.",
            "O corte de cinco por cento é só uma convenção.",
            "O valor p não é a probabilidade da hipótese nula.",
        ),
        (
            "O valor p é a probabilidade de a hipótese nula ser verdadeira.",
            "O intervalo de confiança contém a média em 95% das amostras.",
            "Um teste bicaudal divide o nível de significância em duas partes.",
            "O teste t exige que as variâncias dos grupos sejam conhecidas.",
        ),
    ),
    (
        "pt",
        (
            "Na atenção, cada palavra pergunta com a query e as outras respondem com a key.",
            "O produto das duas passa por um softmax e vira um peso.",
            "A saída é a soma dos values com esses pesos.",
            "A gente divide pela raiz da dimensão para o softmax não saturar.",
        ),
        (
            "Na atenção, cada palavra pergunta com a query e as outras respondem com a key.",
            "O produto de query e key passa por um softmax e vira um peso.",
            "A saída da atenção é a soma dos values com os pesos.",
            "Divide-se pela raiz da dimensão para o softmax não saturar.",
        ),
        (
            "O transformer usa codificação posicional com senos e cossenos.",
            "A atenção de múltiplas cabeças concatena oito projeções diferentes.",
            "Divide-se pela dimensão ao quadrado para acelerar o treino.",
            "A máscara causal impede que uma palavra olhe para o futuro.",
        ),
    ),
    (
        "pt",
        (
            "O contrato precisa de agente capaz, objeto lícito e forma prescrita em lei.",
            "Se o agente é absolutamente incapaz, o negócio é nulo.",
            "Já o vício de vontade, como o erro, torna o negócio anulável,",
            "e o prazo para pedir é de quatro anos.",
        ),
        (
            "O contrato precisa de agente capaz, objeto lícito e forma prescrita em lei.",
            "O negócio é nulo se o agente é absolutamente incapaz.",
            "O vício de vontade, como o erro, torna o negócio anulável.",
            "O prazo para pedir a anulação é de quatro anos.",
        ),
        (
            "O prazo para pedir a anulação é de 10 anos.",
            "A posse se distingue da propriedade pelo exercício de fato.",
            "O contrato verbal vale apenas entre comerciantes registrados.",
            "A usucapião exige posse mansa e pacífica do imóvel.",
        ),
    ),
    (
        "en",
        (
            "A hash table maps a key to a bucket with a hash function.",
            "When two keys land in the same bucket we have a collision,",
            "and we can chain the entries in a linked list.",
            "If the load factor gets too high we double the table and rehash everything.",
        ),
        (
            "A hash table maps a key to a bucket with a hash function.",
            "A collision happens when two keys land in the same bucket.",
            "Entries in the same bucket can be chained in a linked list.",
            "When the load factor gets too high, the table is doubled and everything is rehashed.",
        ),
        (
            "A binary heap keeps the smallest element at its root.",
            "Open addressing stores the entries in the array by probing.",
            "A good hash function must be encrypted to avoid collisions.",
            "The table is halved whenever a key is deleted.",
        ),
    ),
    (
        "en",
        (
            "Newton's second law says that force equals mass times acceleration.",
            "So the same push on a heavier cart gives a smaller acceleration.",
            "Friction always points against the motion.",
        ),
        (
            "Newton's second law says that force equals mass times acceleration.",
            "The same push gives a heavier cart a smaller acceleration.",
            "Friction always points against the motion.",
            "By the second law, force equals mass times acceleration.",
        ),
        (
            "Every action has an equal and opposite reaction.",
            "Friction grows with the square of the velocity of the cart.",
            "Energy is conserved in every elastic collision.",
            "A heavier cart reaches the ground before a lighter one.",
        ),
    ),
    (
        "en",
        (
            "Overfitting means the model learns the noise of the training set.",
            "You see it when the training loss keeps falling and the validation loss starts to rise.",
            "Early stopping keeps the weights from the epoch with the lowest validation loss.",
        ),
        (
            "Overfitting means that the model learns the noise of the training set.",
            "With overfitting, the training loss keeps falling while the validation loss starts to rise.",
            "Early stopping keeps the weights of the epoch with the lowest validation loss.",
            "You see overfitting when validation loss starts to rise and training loss keeps falling.",
        ),
        (
            "Data augmentation flips and crops the images at random.",
            "Early stopping keeps the weights of the very last epoch.",
            "Weight decay adds the squared norm to the loss.",
            "Underfitting is cured by a smaller learning rate.",
        ),
    ),
    (
        "en",
        (
            "A process has its own memory, threads share the memory of their process.",
            "Two threads that write the same variable without a lock have a race condition.",
            "A deadlock needs four conditions, and circular wait is the easiest to break.",
        ),
        (
            "A process has its own memory, while threads share the memory of their process.",
            "Two threads that write the same variable without a lock have a race condition.",
            "Circular wait is the easiest of the four conditions of a deadlock to break.",
            "Threads share the memory of their process.",
        ),
        (
            "The scheduler gives each process a time slice of 10 milliseconds.",
            "A semaphore with an initial value of one works like a mutex.",
            "Virtual memory swaps pages to disk when the memory is full.",
            "Processes share all their variables with other processes by default.",
        ),
    ),
    (
        "en",
        (
            "The mean is pulled by outliers, the median is not.",
            "That is why incomes are reported by their median.",
            "The standard deviation is the square root of the variance.",
        ),
        (
            "The mean is pulled by outliers, but the median is not.",
            "Incomes are reported by their median.",
            "The standard deviation is the square root of the variance.",
            "Incomes are reported by the median, which is not pulled by outliers.",
        ),
        (
            "The mode is the value that occurs most often.",
            "The standard deviation is the square of the variance of the sample mean.",
            "A correlation of zero proves that two variables are independent.",
            "The median is pulled by outliers even more than the mean.",
        ),
    ),
    (
        "en",
        (
            "Supply and demand meet at the equilibrium price.",
            "A price ceiling below it makes a shortage, and people stand in line.",
            "A tax on sellers is partly paid by buyers, depending on elasticity.",
        ),
        (
            "Supply and demand meet at the equilibrium price.",
            "A price ceiling below the equilibrium makes a shortage.",
            "A tax on sellers is partly paid by the buyers, depending on elasticity.",
            "With a price ceiling below it there is a shortage and people stand in line.",
        ),
        (
            "A monopoly sets the price where marginal revenue equals marginal cost.",
            "A price floor above the equilibrium makes a surplus of labour.",
            "Taxes on sellers are never passed on to anybody else.",
            "Comparative advantage explains why both countries gain from trade.",
        ),
    ),
    (
        "en",
        (
            "A convolution slides a small kernel over the image.",
            "The same weights are used everywhere, so there are few parameters.",
            "With padding the output keeps the size of the input.",
            "Pooling then halves the width and the height.",
        ),
        (
            "A convolution slides a small kernel over the image.",
            "There are few parameters, since the same weights are used everywhere.",
            "With padding, the output keeps the size of the input.",
            "Pooling halves the width and the height.",
        ),
        (
            "Residual connections let the gradient skip whole blocks.",
            "Pooling doubles the number of channels of the output.",
            "A kernel of size 7 sees more context than one of size 3.",
            "Transposed convolutions are used to upsample feature maps.",
        ),
    ),
    (
        "en",
        (
            "Photosynthesis takes place in the chloroplast.",
            "The light reactions split water and release oxygen.",
            "The Calvin cycle then uses the ATP to fix carbon dioxide into sugar.",
        ),
        (
            "Photosynthesis takes place in the chloroplast.",
            "The light reactions split water and release oxygen.",
            "The Calvin cycle uses ATP to fix carbon dioxide into sugar.",
            "Oxygen is released when the light reactions split water.",
        ),
        (
            "Cellular respiration takes place in the mitochondria.",
            "The Calvin cycle releases oxygen during the night.",
            "Chlorophyll absorbs green light better than red light.",
            "Stomata close when the plant loses too much water.",
        ),
    ),
)
