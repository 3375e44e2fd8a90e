-- Mixed requests for wrk, which would wait for the body of a HEAD, and whose streams would leave none to others: probes, lists,
-- refusals of every kind; now and then the longest document, which is compressed each time.
local requests = {
  {"GET", "/health/quick"}, {"GET", "/health/quick"}, {"GET", "/health/quick"}, {"GET", "/health"},
  {"OPTIONS", "/health"}, {"DELETE", "/health"}, {"GET", "/api/nobody/v1/things"}, {"GET", "/api/booking/v1/leads"},
  {"POST", "/api/booking/v1/leads"}, {"GET", "/a/../b"},
}
local longest = {"GET", "/openapi.json"}
local count = 0
function request()
  count = count + 1
  local one = count % 1000 == 0 and longest or requests[count % #requests + 1]
  local body = one[1] == "POST" and "{\"name\":" or nil
  return wrk.format(one[1], one[2], {["Accept-Encoding"] = "gzip", ["Content-Type"] = "application/json"}, body)
end
