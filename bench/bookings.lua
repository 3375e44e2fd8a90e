-- wrk: each request books another quarter of an hour of one of RESOURCES resources, from FIRST (seconds since 1970) on.
local resources = tonumber(os.getenv("RESOURCES"))
local first = tonumber(os.getenv("FIRST"))
local run = os.getenv("RUN")
local number = 0

function request()
  local start = first + math.floor(number / resources) * 900
  local resource = number % resources
  number = number + 1
  wrk.headers["Idempotency-Key"] = run .. "-" .. number
  local body = string.format('{"service":"visit","resource":"r%d","start":"%s","lead_id":"ann"}', resource,
    os.date("!%Y-%m-%dT%H:%M:%SZ", start))
  return wrk.format("POST", "/api/booking/v1/appointments", nil, body)
end
