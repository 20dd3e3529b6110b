"""Backup and maintenance windows, in UTC: `03:00-03:30` daily and `sun:04:00-sun:04:30` weekly."""

import re

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_TIME = r"([01]\d|2[0-3]):([0-5]\d)"

#: Where RDS would choose at random, the same for everyone here, so that two runs compare.
DEFAULT_BACKUP = "07:00-07:30"
DEFAULT_MAINTENANCE = "sun:08:00-sun:08:30"


def problem(backup: str, maintenance: str) -> str | None:
    """What RDS has against this pair of windows."""
    daily = re.fullmatch(f"{_TIME}-{_TIME}", backup)
    if not daily:
        return (
            f"Invalid backup window format: {backup}. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC)."
        )
    day = "(" + "|".join(_DAYS) + ")"
    weekly = re.fullmatch(f"{day}:{_TIME}-{day}:{_TIME}", maintenance.lower())
    if not weekly:
        return f"Invalid maintenance window format: {maintenance}. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC)."
    start, length = _span(_minute(*daily.groups()[:2]), _minute(*daily.groups()[2:]), _DAY)
    if length < 30:
        return "The backup window must be at least 30 minutes."
    first_day, hour, minute, last_day, last_hour, last_minute = weekly.groups()
    opens = _DAYS.index(first_day) * _DAY + _minute(hour, minute)
    opens, lasts = _span(opens, _DAYS.index(last_day) * _DAY + _minute(last_hour, last_minute), _WEEK)
    if not 30 <= lasts < _DAY:
        return "The maintenance window must be at least 30 minutes and shorter than 24 hours."
    if any(_overlap(opens, lasts, day * _DAY + start, length) for day in range(7)):
        return "The backup window and maintenance window must not overlap."
    return None


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def _span(start: int, end: int, around: int) -> tuple[int, int]:
    return start, (end - start) % around


def _overlap(a: int, a_length: int, b: int, b_length: int) -> bool:
    return (b - a) % _WEEK < a_length or (a - b) % _WEEK < b_length
