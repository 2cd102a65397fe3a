"""The commands of LaTeX that we know, by what they do; what stands in none of these tables is not understood."""

from typing import Literal

SymbolKind = Literal["letter", "number", "ordinary", "binary", "relation", "big", "open", "close", "point"]


def _pairs(text: str) -> dict[str, str]:
    """Read `name sign name sign …`."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda"
    " λ mu μ nu ν"
    " xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω"
    " Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω ell ℓ hbar ℏ imath ı"
    " jmath ȷ wp ℘"
    " Re ℜ Im ℑ aleph ℵ"
)
ORDINARY = _pairs(
    "infty ∞ partial ∂ nabla ∇ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ angle ∠ triangle △ square □"
    " neg ¬ lnot ¬"
    " top ⊤ bot ⊥ prime ′ ldots … dots … dotsc … dotsb ⋯ dotsm ⋯ cdots ⋯ vdots ⋮ ddots ⋱ degree ° % % $ $ # # _ _ & &"
    " checkmark ✓ vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ | ‖ backslash \\ S § complement ∁"
)
BINARY = _pairs(
    "pm ± mp ∓ times × div ÷ cdot · ast ∗ star ⋆ circ ∘ bullet • cap ∩ cup ∪ setminus ∖ smallsetminus ∖ wedge ∧ land ∧"
    " vee ∨ lor ∨ oplus ⊕ ominus ⊖ otimes ⊗ odot ⊙ oslash ⊘ dagger † sqcup ⊔ sqcap ⊓ uplus ⊎ bmod mod"
)
RELATIONS = _pairs(
    "neq ≠ ne ≠ le ≤ leq ≤ leqslant ⩽ ge ≥ geq ≥ geqslant ⩾ ll ≪ gg ≫ approx ≈ sim ∼ simeq ≃ cong ≅ equiv ≡"
    " propto ∝ in ∈"
    " notin ∉ ni ∋ subset ⊂ subseteq ⊆ subsetneq ⊊ supset ⊃ supseteq ⊇ to → rightarrow → longrightarrow ⟶ gets ←"
    " leftarrow ←"
    " longleftarrow ⟵ leftrightarrow ↔ Rightarrow ⇒ implies ⟹ Longrightarrow ⟹ Leftarrow ⇐ impliedby ⟸ Leftrightarrow ⇔"
    " iff ⟺ mapsto ↦ longmapsto ⟼ hookrightarrow ↪ uparrow ↑ downarrow ↓ mid ∣ nmid ∤ parallel ∥ perp ⟂ vdash ⊢"
    " models ⊨"
    " triangleq ≜ doteq ≐ prec ≺ preceq ⪯ succ ≻ succeq ⪰ asymp ≍ lt < gt > coloneqq ≔ colon : because ∵ therefore ∴"
    " nearrow ↗ searrow ↘ leadsto ⇝ rightsquigarrow ⇝ rightleftharpoons ⇌ bowtie ⋈ lesssim ≲ gtrsim ≳"
)
BIG = _pairs(
    "sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀"
)
INTEGRALS = frozenset("∫∬∭∮")
OPENING = _pairs("( ( [ [ { { lbrace { lbrack [ langle ⟨ lfloor ⌊ lceil ⌈")
CLOSING = _pairs(") ) ] ] } } rbrace } rbrack ] rangle ⟩ rfloor ⌋ rceil ⌉")
POINTS = frozenset(",;:.!?")

FUNCTIONS = frozenset(
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp det dim ker deg gcd hom arg"
    " lim limsup"
    " liminf max min sup inf argmax argmin Pr sgn tr".split()
)
WITH_LIMITS = frozenset("lim limsup liminf max min sup inf argmax argmin Pr det gcd".split())
"""What stands under them goes below in a displayed formula."""

ACCENTS = _pairs(
    "hat \u0302 widehat \u0302 bar \u0304 tilde \u0303 widetilde \u0303 vec \u20d7 dot \u0307 ddot \u0308 dddot \u20db"
    " check \u030c breve \u0306 acute \u0301 grave \u0300 mathring \u030a overline \u0305 underline \u0332"
    " overrightarrow \u20d7 overbrace ⏞ underbrace ⏟"
)
"""By the character that combines with the letter before it."""
ABOVE = _pairs(
    "hat ˆ widehat \u0302 bar ¯ tilde ˜ widetilde ˜ vec \u20d7 dot ˙ ddot ¨ dddot ⃛ check ˇ breve ˘ acute ´"
    " grave ` mathring ˚"
    " overline ¯ underline _ overrightarrow → overbrace ⏞ underbrace ⏟"
)
"""By the sign that is drawn above or below."""
WIDE = frozenset("widehat overrightarrow overbrace underbrace".split())

STYLES = {
    "mathbf": "bold",
    "boldsymbol": "bold-italic",
    "bm": "bold-italic",
    "pmb": "bold-italic",
    "mathbb": "double-struck",
    "mathcal": "script",
    "mathscr": "script",
    "mathfrak": "fraktur",
    "mathrm": "normal",
    "mathup": "normal",
    "mathit": "italic",
    "mathsf": "sans-serif",
    "mathtt": "monospace",
    "operatorname": "function",
    "operatorname*": "function",
}
TEXTS = frozenset("text textrm textnormal textbf textit textsf texttt mbox".split())
SPACES = {
    ",": 0.17,
    ":": 0.22,
    ">": 0.22,
    ";": 0.28,
    "!": -0.17,
    " ": 0.25,
    "quad": 1.0,
    "qquad": 2.0,
    "enspace": 0.5,
    "thinspace": 0.17,
    "hfill": 1.0,
}
"""In widths of an m."""
IGNORED = frozenset(
    "displaystyle textstyle scriptstyle limits nolimits nonumber notag hline big Big bigg Bigg bigl Bigl biggl"
    " Biggl bigr"
    " Bigr biggr Biggr bigm Bigm mathstrut strut mathopen mathclose mathrel mathbin mathord".split()
)
"""They say how large or where something is drawn, not what it is."""
TABLES = {
    "matrix": ("", ""),
    "smallmatrix": ("", ""),
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"),
    "vmatrix": ("|", "|"),
    "Vmatrix": ("‖", "‖"),
    "cases": ("{", ""),
    "dcases": ("{", ""),
    "array": ("", ""),
}
"""Environments with cells, and the brackets around them."""
ALIGNED = frozenset("aligned align split alignat alignedat eqnarray gather gathered multline equation".split())

NEGATED = {"=": "≠", "∈": "∉", "≡": "≢", "<": "≮", ">": "≯", "≤": "≰", "≥": "≱", "⊂": "⊄", "⊆": "⊈", "∼": "≁", "∃": "∄"}

SUBSCRIPTS = dict(
    zip("0123456789+−-=()aehijklmnoprstuvxβγρφϕχ∗", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵩᵪ⁎", strict=True)
)
SUPERSCRIPTS = dict(
    zip(
        "0123456789+−-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφϕχ∗′⊤",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵠᵡ*′ᵀ",
        strict=True,
    )
)
HALVES = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "1/8": "⅛"}

ALPHABETS: dict[str, tuple[int, int, int | None]] = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold-italic": (0x1D468, 0x1D482, 0x1D7CE),
    "script": (0x1D49C, 0x1D4B6, None),
    "fraktur": (0x1D504, 0x1D51E, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
}
"""Where Unicode's mathematical alphabets begin: capitals, small letters, digits."""
ELSEWHERE = {
    ("italic", "h"): "ℎ",
    **{("script", plain): sign for plain, sign in zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)},
    **{("fraktur", plain): sign for plain, sign in zip("CHIRZ", "ℭℌℑℜℨ", strict=True)},
    **{("double-struck", plain): sign for plain, sign in zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)},
}
"""Letters that Unicode had before it had those alphabets."""
BOLD_GREEK = (("Α", "Ω", 0x1D6A8), ("α", "ω", 0x1D6C2))


def styled(letter: str, style: str) -> str | None:
    """
    Return *letter* in an alphabet of Unicode, or None where that alphabet lacks it.

    >>> styled("R", "double-struck"), styled("x", "bold"), styled("é", "bold")
    ('ℝ', '𝐱', None)
    """
    if style in {"normal", "italic"}:
        return letter  # letters of a formula are slanted anyway
    if style == "bold-italic" and ("0" <= letter <= "9" or letter in "∇∂"):
        style = "bold"
    if (style, letter) in ELSEWHERE:
        return ELSEWHERE[style, letter]
    if style in {"bold", "bold-italic"} and "Α" <= letter <= "ω":
        return next((chr(at + ord(letter) - ord(a)) for a, z, at in BOLD_GREEK if a <= letter <= z), None)
    capitals, small, digits = ALPHABETS.get(style, (0, 0, None))
    if capitals and "A" <= letter <= "Z":
        return chr(capitals + ord(letter) - ord("A"))
    if small and "a" <= letter <= "z":
        return chr(small + ord(letter) - ord("a"))
    return chr(digits + ord(letter) - ord("0")) if digits and "0" <= letter <= "9" else None
