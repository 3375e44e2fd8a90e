"""The demo's business: three studios on three continents. Staff and customers are drawn from lists of names; the phone
numbers are from ranges that Ofcom keeps free for drama."""

import csv
import io
import itertools

LOCATIONS = {
    "new-york": {"name": "Broadway studio", "time_zone": "America/New_York"},
    "london": {"name": "Baker Street studio", "time_zone": "Europe/London"},
    "sydney": {"name": "Harbour studio", "time_zone": "Australia/Sydney"},
}

# id: name, category, minutes, other durations, minutes of buffer after, price in US cents, and what else is its own.
SERVICES = {
    "haircut": ("Haircut", "hair", 30, [45], 0, 4500, {}),
    "haircut-long": ("Haircut, long hair", "hair", 45, [60], 0, 6500, {}),
    "kids-cut": ("Children's haircut", "hair", 20, [], 0, 2500, {}),
    "beard": ("Beard trim", "hair", 15, [], 0, 1800, {}),
    "blow-dry": ("Blow-dry", "hair", 30, [45], 0, 3800, {}),
    "colour": ("Colour", "colour", 90, [120], 15, 12000, {}),
    "highlights": ("Highlights", "colour", 120, [150], 15, 16500, {}),
    "balayage": ("Balayage", "colour", 150, [180], 15, 21000, {"requires_confirmation": True}),
    "gloss": ("Gloss treatment", "colour", 45, [], 15, 6000, {}),
    "manicure": ("Manicure", "nails", 45, [], 0, 4000, {}),
    "gel-manicure": ("Gel manicure", "nails", 60, [], 0, 5500, {}),
    "pedicure": ("Pedicure", "nails", 50, [], 10, 6000, {}),
    "brows": ("Brow shaping", "face", 20, [], 0, 2200, {}),
    "lashes": ("Lash lift", "face", 60, [], 10, 8500, {"lead_max_per_week": 1}),
    "facial": ("Facial", "face", 60, [90], 15, 9500, {}),
    "massage": ("Massage", "body", 60, [30, 90], 15, 9000, {"resource_max_per_day": 5}),
    "hot-stone": ("Hot stone massage", "body", 75, [], 20, 12500, {"resource_max_per_day": 3}),
    "consultation": ("Consultation", "advice", 20, [], 0, 0, {"requires_confirmation": True, "lead_max_per_day": 1}),
    "bridal-trial": ("Bridal trial", "advice", 120, [], 15, 18000, {"min_notice_min": 2880, "requires_confirmation": True}),
    "patch-test": ("Patch test", "advice", 15, [], 0, 0, {}),
}

# id: name, location, categories.
STAFF = {
    "anna": ("Anna", "new-york", ["hair", "colour", "advice"]),
    "bruno": ("Bruno", "new-york", ["hair"]),
    "chiara": ("Chiara", "new-york", ["nails", "face"]),
    "dev": ("Dev", "new-york", ["body", "face"]),
    "ella": ("Ella", "london", ["hair", "colour", "advice"]),
    "farid": ("Farid", "london", ["hair", "advice"]),
    "grace": ("Grace", "london", ["nails", "face"]),
    "henk": ("Henk", "london", ["body"]),
    "isla": ("Isla", "sydney", ["hair", "colour", "advice"]),
    "jonah": ("Jonah", "sydney", ["hair"]),
    "keiko": ("Keiko", "sydney", ["nails", "face"]),
    "liam": ("Liam", "sydney", ["body", "face"]),
}

GIVEN = ("Ada Ben Cleo Dara Eli Fay Gus Hana Ian Jade Kofi Lena Milo Nina Omar Pia Quinn Rosa Sami Tess Uma Vito Wren Xena Yuri "
         "Zoe Amir Bela Carl Dina Emil Flor Gwen Hugo Ines Joel Kira Luca Mara Noel").split()
FAMILY = ("Abbot Birch Clay Drew Ellis Frost Gray Heath Irving Joyce Keane Lowe Marsh North Orwell Pike Quill Reed Stone Thorne "
          "Underhill Vale Ward Yates Ames Boyd Cole Dale Eaton Finch Grant Hale Ivory Jarvis Knox Lane Moss Nash Oakes Page "
          "Rand Shaw Tate Upton Vance West York Zane Ash Bell").split()


def leads(count):
    """`count` (at most 2000) customers as the CSV file that another system would have exported."""
    zones = [location["time_zone"] for location in LOCATIONS.values()]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Name", "Mobile Phone", "E-Mail", "Time Zone", "Language", "Notes"])
    for number, (family, given) in enumerate(itertools.islice(itertools.product(FAMILY, GIVEN), count)):
        phone = f"+44 20 7946 {number:04d}" if number < 1000 else f"+44 7700 900{number - 1000:03d}"
        notes = "Prefers mornings, \"before ten\"" if number % 17 == 0 else ""
        rows.writerow([f"{given} {family}", phone, f"{given}.{family}.{number}@example.com".lower(), zones[number % 3], "en", notes])
    return text.getvalue()
