"""Write moments as people read them."""


def clock(second: float) -> str:
    """
    Write a moment as hours, minutes and seconds.

    >>> clock(3675.9)
    '01:01:15'
    """
    whole = int(second)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
