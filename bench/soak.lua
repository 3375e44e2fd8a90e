-- Mixed requests for wrk: probes, lists, refusals of every kind.
local requests = {
  {"GET", "/health/quick"}, {"GET", "/health/quick"}, {"GET", "/health/quick"}, {"HEAD", "/health"}, {"GET", "/openapi.json"},
  {"OPTIONS", "/health"}, {"DELETE", "/health"}, {"GET", "/api/nobody/v1/things"}, {"GET", "/api/booking/v1/leads"},
  {"POST", "/api/booking/v1/leads"}, {"GET", "/api/streamer/v1/pattern?bytes=1000"}, {"GET", "/a/../b"},
}
local next_one = 0
function request()
  next_one = next_one % #requests + 1
  local one = requests[next_one]
  local body = one[1] == "POST" and "{\"name\":" or nil
  return wrk.format(one[1], one[2], {["Accept-Encoding"] = "gzip", ["Content-Type"] = "application/json"}, body)
end
