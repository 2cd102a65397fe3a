"""Answer what names lectures or asks for more than an answer: read which and what, gather it, put it into lines."""
