"""bench/first_appointments.py URL COUNT: books appointments of bench/bookings_business.py in bulk."""

import http.client
import json
import os
import sys
import time
import urllib.parse

BULK_MAX = 500
connection = http.client.HTTPConnection(urllib.parse.urlparse(sys.argv[1]).netloc, timeout=120)
count = int(sys.argv[2])
resources, first = int(os.environ["RESOURCES"]), int(os.environ["FIRST"])


def visit(number):
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first + number // resources * 900))
    return {"service": "visit", "resource": f"r{number % resources}", "start": start, "lead_id": "ann"}


for chunk in range(0, count, BULK_MAX):
    body = json.dumps({"items": [visit(number) for number in range(chunk, min(chunk + BULK_MAX, count))]})
    connection.request("POST", "/api/booking/v1/appointments/bulk", body, {
        "X-API-Key": os.environ["API_KEY"], "Content-Type": "application/json", "Idempotency-Key": f"fill-{chunk}"})
    answer = connection.getresponse()
    report = json.loads(answer.read())
    if answer.status != 200 or report["refused"]:
        sys.exit(f"bulk from {chunk} answered {answer.status}: {json.dumps(report)[:400]}")
