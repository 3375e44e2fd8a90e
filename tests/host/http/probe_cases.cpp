#include "host/http/probe_cases.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/http/front_client.hpp"

namespace bulkhead::host::test {
namespace {

/// Requests that the data file shortens or whose bytes it could not hold, as their ids mean them.
std::string restored(const std::string& id, std::string request) {
  constexpr std::size_t kLong = 100'000;
  const std::string host = "Host: localhost:8080\r\n";
  const std::string start = "GET / HTTP/1.1\r\n" + host;
  if (id == "MAL-LONG-URL") return get("/" + std::string(kLong, 'A'));
  if (id == "MAL-LONG-HEADER-VALUE")
    return start + "X-Big: " + std::string(kLong, 'B') + "\r\n\r\n";
  if (id == "MAL-LONG-HEADER-NAME") return start + std::string(kLong, 'A') + ": v\r\n\r\n";
  if (id == "MAL-LONG-METHOD") return std::string(kLong, 'A') + " / HTTP/1.1\r\n" + host + "\r\n";
  if (id == "MAL-NON-ASCII-URL") return get("/caf\xc3\xa9");
  if (id == "MAL-URL-OVERLONG-UTF8") return get("/\xc0\xaf");
  if (id == "MAL-CHUNK-EXT-64K")
    return "POST / HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n5;ext=" + std::string(65536, 'a') +
           "\r\nhello\r\n0\r\n\r\n";
  if (id != "MAL-MANY-HEADERS") return request;
  request = start;
  for (int i = 0; i < 10'000; ++i) request += "X-H-" + std::to_string(i) + ": value\r\n";
  return request + "\r\n";
}

}  // namespace

std::vector<ProbeCase> readProbeCases(const std::filesystem::path& file) {
  std::vector<ProbeCase> cases;
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream columns{line};
    std::string id, scored, rfc, expected, request;
    std::getline(columns, id, '\t');
    std::getline(columns, scored, '\t');
    std::getline(columns, rfc, '\t');
    std::getline(columns, expected, '\t');
    std::getline(columns, request);
    cases.push_back({id, scored == "true", expected, restored(id, nlohmann::json::parse(request))});
  }
  return cases;
}

}  // namespace bulkhead::host::test
