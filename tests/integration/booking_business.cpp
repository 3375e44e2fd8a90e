#include "booking_business.hpp"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdexcept>

namespace bulkhead::integration {
namespace {

std::string pathOf(std::string_view target) {
  return fmt::format("{}{}", BookingBusiness::kPath, target);
}

std::string midnightIn(int days) {
  const auto day = std::chrono::system_clock::now() + std::chrono::hours{24 * days};
  return fmt::format("{:%Y-%m-%d}T00:00:00Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(day)));
}

void require(const HttpAnswer& answer, std::string_view what) {
  if (answer.status == 200 || answer.status == 201) return;
  throw std::runtime_error{
      fmt::format("{}: {} {} {}", what, answer.status, answer.body, answer.fault)};
}

}  // namespace

BookingBusiness::BookingBusiness(const HostProcess& host, std::string_view tenant)
    : client_{host.keyed(tenant)} {
  const HttpAnswer made = host.keyed().post(
      "/api/admin/tenants", fmt::format(R"({{"slug":"{}","name":"Salon"}})", tenant));
  if (made.status != 409) require(made, "tenant");
  if (get("/services/cut").status == 200) return;
  require(client_.put(pathOf("/services/cut"),
                      R"({"name":"Haircut","duration_min":30,"slot_step_min":30})"),
          "service");
  require(client_.put(pathOf("/schedules/always"),
                      R"({"name":"Always","time_zone":"UTC","rules":[{"weekdays":)"
                      R"(["MO","TU","WE","TH","FR","SA","SU"],"start":"00:00","end":"24:00"}]})"),
          "schedule");
  require(client_.put(pathOf("/resources/chair"),
                      R"({"name":"Chair","kind":"staff","schedule":"always","services":["cut"]})"),
          "resource");
}

std::vector<std::string> BookingBusiness::starts(std::size_t count) const {
  const HttpAnswer answer = get(fmt::format("/slots?service=cut&from={}&to={}&limit={}",
                                            midnightIn(1), midnightIn(60), count));
  require(answer, "slots");
  std::vector<std::string> found;
  const auto document = answer.json();
  for (const auto& slot : document.at("slots")) found.push_back(slot.at("start"));
  if (found.size() != count) throw std::runtime_error{"too few slots: " + answer.body};
  return found;
}

HttpAnswer BookingBusiness::book(std::string_view start, std::string_view key) const {
  return post("/appointments", body(start), key);
}

HttpAnswer BookingBusiness::get(std::string_view target) const {
  return client_.get(pathOf(target));
}

HttpAnswer BookingBusiness::post(std::string_view target, std::string_view body,
                                 std::string_view key, const Fields& headers) const {
  Fields all = headers;
  if (!key.empty()) all.emplace_back("Idempotency-Key", std::string{key});
  return client_.post(pathOf(target), body, all);
}

std::string BookingBusiness::body(std::string_view start) {
  return fmt::format(R"({{"service":"cut","start":"{}","lead":{{"phone":"+12025550123"}}}})",
                     start);
}

}  // namespace bulkhead::integration
