"""Fifty resources with one service: how long one client waits for every free time of 30 days."""

import datetime
import http.client
import json
import os
import sys
import time
import urllib.parse

ROUNDS = 300
WEEK = ["MO", "TU", "WE", "TH", "FR"]
host = urllib.parse.urlparse(sys.argv[1]).netloc
headers = {"X-API-Key": os.environ["API_KEY"], "X-Tenant-Id": "demo", "Content-Type": "application/json"}
connection = http.client.HTTPConnection(host)


def call(method, path, body=None):
    connection.request(method, "/api/booking/v1" + path, body=body and json.dumps(body), headers=headers)
    response = connection.getresponse()
    text = response.read()
    if response.status not in (200, 201):
        sys.exit(f"{method} {path}: {response.status} {text.decode()}")
    return text


call("PUT", "/services/crowd", {"name": "Crowd", "duration_min": 30})
call("PUT", "/schedules/office", {"name": "Office", "time_zone": "America/New_York", "rules": [
    {"weekdays": WEEK, "start": "09:00", "end": "12:00"}, {"weekdays": WEEK, "start": "13:00", "end": "17:00"}]})
for number in range(50):
    call("PUT", f"/resources/crowd-{number:02}", {"name": f"Number {number}", "schedule": "office", "services": ["crowd"]})

today = datetime.date.today()
first, last = today + datetime.timedelta(days=1), today + datetime.timedelta(days=30)
target = f"/slots?service=crowd&from={first}&to={last}&limit=5000"
waits = []
for _ in range(ROUNDS):
    begun = time.monotonic()
    text = call("GET", target)
    waits.append((time.monotonic() - begun) * 1000)
slots = json.loads(text)["slots"]
if len(slots) < 400 or len(slots[0]["resources"]) != 50:
    sys.exit(f"fifty resources: {len(slots)} slots")
waits.sort()
print(f"fifty resources, 30 days: {len(slots)} slots, median {waits[ROUNDS // 2]:.1f} ms")
print(f"RESULT slots_30_days_50_resources_p99 {waits[ROUNDS * 99 // 100]:.1f} ms 50 lower")
