"""bench/bookings_business.py URL RESOURCES: a business that is always open, with a service of a quarter of an hour."""

import http.client
import json
import os
import sys
import urllib.parse

connection = http.client.HTTPConnection(urllib.parse.urlparse(sys.argv[1]).netloc)


def send(method, path, body):
    headers = {"X-API-Key": os.environ["API_KEY"], "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status >= 300:
        sys.exit(f"{method} {path} answered {answer.status}: {text}")


send("POST", "/api/admin/tenants", {"slug": "bench"})
records = "/api/booking/v1"
send("PUT", f"{records}/schedules/always", {
    "name": "Always", "time_zone": "UTC",
    "rules": [{"weekdays": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "start": "00:00", "end": "24:00"}]})
send("PUT", f"{records}/services/visit", {
    "name": "Visit", "duration_min": 15, "slot_step_min": 15, "min_notice_min": 0, "horizon_days": 1000})
send("PUT", f"{records}/leads/ann", {"name": "Ann", "phone": "+12025550100"})
for number in range(int(sys.argv[2])):
    send("PUT", f"{records}/resources/r{number}",
         {"name": f"Resource {number}", "schedule": "always", "services": ["visit"]})
