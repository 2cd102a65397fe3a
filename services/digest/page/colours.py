"""
The colours of a digest's picture; its page has the same ones by day (`templates/body.html`).

They are those of Okabe and Ito (jfly.uni-koeln.de/color) and of viridis, which people with any colour vision tell
apart; what a colour says is said in words as well.
"""

INK, QUIET, LINE, TRACK, PAPER = "#1c2320", "#57625d", "#d5dbd8", "#e9edeb", "#ffffff"
TONES = {"score_3": "#0072b2", "score_2": "#56b4e9", "score_1": "#e69f00", "score_0": "#d55e00", "missing": "#9aa5a0"}
STEPS = ("#a8db34", "#4ac16d", "#21918c", "#3b528b", "#440154")
DOWN = "#d55e00"
