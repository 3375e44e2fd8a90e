"""Public holidays of the demo's three places, by their rules. Sources: 5 U.S.C. 6103; gov.uk/bank-holidays (England);
Public Holidays Act 2010 (New South Wales)."""

import datetime

MONDAY, THURSDAY = 0, 3


def nth(year, month, weekday, count):
    """The `count`-th such weekday of the month; -1 is the last."""
    if count > 0:
        first = datetime.date(year, month, 1)
        return first + datetime.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
    last = datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)
    return last - datetime.timedelta(days=(last.weekday() - weekday) % 7)


def easter(year):
    """Easter Sunday (the Gregorian computus)."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - epact // 28 * (1 - epact // 28 * (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    sunday = moon - weekday
    month = 3 + (sunday + 40) // 44
    return datetime.date(year, month, sunday + 28 - 31 * (month // 4))


def of(location, year):
    date = lambda month, day: datetime.date(year, month, day)
    around_easter = lambda days: easter(year) + datetime.timedelta(days=days)
    if location == "new-york":
        return [date(1, 1), nth(year, 1, MONDAY, 3), nth(year, 2, MONDAY, 3), nth(year, 5, MONDAY, -1), date(6, 19), date(7, 4),
                nth(year, 9, MONDAY, 1), nth(year, 10, MONDAY, 2), date(11, 11), nth(year, 11, THURSDAY, 4), date(12, 25)]
    if location == "london":
        return [date(1, 1), around_easter(-2), around_easter(1), nth(year, 5, MONDAY, 1), nth(year, 5, MONDAY, -1),
                nth(year, 8, MONDAY, -1), date(12, 25), date(12, 26)]
    return [date(1, 1), date(1, 26), around_easter(-2), around_easter(-1), around_easter(0), around_easter(1), date(4, 25),
            nth(year, 6, MONDAY, 2), nth(year, 10, MONDAY, 1), date(12, 25), date(12, 26)]
