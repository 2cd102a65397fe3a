"""The words with which a model says that it has no answer to give."""

import re

VERDICTS = ("NO_MATERIAL", "NEEDS_STAFF")
VERDICT = re.compile(r"\b(NO|NEEDS)(?:\\?_| )(MATERIAL|STAFF)(?![A-Za-z])\.?")
LONGEST_VERDICT = 2 * max(map(len, VERDICTS))
BEFORE_VERDICT = " \n\t*_`\"'«“"
