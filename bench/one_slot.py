"""100 clients ask for the same slot at once: prints what they got and how long it took."""

import collections
import datetime
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

CLIENTS = 100
host = urllib.parse.urlparse(sys.argv[1]).netloc
headers = {"X-API-Key": os.environ["API_KEY"], "Content-Type": "application/json"}


def free_slot():
    connection = http.client.HTTPConnection(host)
    now = datetime.datetime.now(datetime.timezone.utc)
    span = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now, now + datetime.timedelta(days=20))]
    connection.request("GET", f"/api/booking/v1/slots?service=haircut&resource=bruno&from={span[0]}&to={span[1]}&limit=1",
                       headers=headers)
    return json.loads(connection.getresponse().read())["slots"][0]["start"]


def book(start, number, gate, answers):
    connection = http.client.HTTPConnection(host)
    connection.connect()
    body = json.dumps({"service": "haircut", "resource": "bruno", "start": start,
                       "lead": {"phone": f"+1202556{number:04d}"}})
    gate.wait()
    connection.request("POST", "/api/booking/v1/appointments", body=body,
                       headers={**headers, "Idempotency-Key": f"one-slot-{start}-{number}"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    alternatives = answer.get("error", {}).get("details", {}).get("alternatives", [])
    answers[number] = (response.status, len(alternatives) > 0)


start = free_slot()
gate = threading.Barrier(CLIENTS + 1)
answers = [None] * CLIENTS
threads = [threading.Thread(target=book, args=(start, number, gate, answers)) for number in range(CLIENTS)]
for thread in threads:
    thread.start()
gate.wait()
begun = time.monotonic()
for thread in threads:
    thread.join()
elapsed = time.monotonic() - begun
statuses = collections.Counter(status for status, _ in answers)
refused_well = sum(1 for status, alternatives in answers if status == 409 and alternatives)
if statuses[201] != 1 or refused_well != CLIENTS - 1:
    sys.exit(f"one slot, {CLIENTS} clients: {dict(statuses)}, {refused_well} refusals with alternatives")
print(f"one slot, {CLIENTS} clients: 1 x 201, {refused_well} x 409 with alternatives")
print(f"RESULT one_slot_100_clients_s {elapsed:.3f} s 1.0 lower")
