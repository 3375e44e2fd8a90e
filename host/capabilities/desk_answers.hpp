#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/inbox.hpp"
#include "runtime/outbox.hpp"

namespace bulkhead::host {

/// What waits in a plugin's store, of one capability or inbox.
struct MessageFigures {
  std::string source;
  std::int64_t pending = 0;
  std::int64_t dead = 0;
  std::chrono::seconds oldest{0};  ///< of those that are pending
};

/// A desk has said what the host's own never says.
struct DeskAnswerError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The answers of a plugin's message desk (answerMessageDesk), which may come out of a worker that
/// is not to be trusted: of a bounded size, made anew of the members that are known, each within
/// its bounds. All of them throw DeskAnswerError.
namespace desk_answers {

inline constexpr std::size_t kBytesMax = std::size_t{8} * 1024 * 1024;
/// Messages that one agenda has at most.
inline constexpr std::int64_t kDueMax = 512;

/// An object.
nlohmann::json read(std::string_view text);

/// In ascending order of their numbers, each of which is greater than 0; texts may be too long for
/// an inbox.
outbox::Page page(const nlohmann::json& answer);
std::int64_t last(const nlohmann::json& answer);
struct Settled {
  std::int64_t died = 0;
  bool more = false;
};
Settled settled(const nlohmann::json& answer);
struct Heard {
  std::set<std::pair<std::string, std::string>> handlers;  ///< source and type
  bool more = false;
};
Heard heard(const nlohmann::json& answer);
struct Agenda {
  std::vector<inbox::Due> due;
  std::optional<std::chrono::milliseconds> next_in;  ///< nothing is planned without it
};
Agenda agenda(const nlohmann::json& answer);
/// Of the run of a message, or of postponing one: "done", "retry", "dead", "gone" or "busy".
std::string_view outcome(const nlohmann::json& answer);
struct Figures {
  std::vector<MessageFigures> outbox;
  std::vector<MessageFigures> inbox;
};
Figures figures(const nlohmann::json& answer);
std::vector<inbox::Listed> listed(const nlohmann::json& answer);
/// The member, or false where it is none.
bool flag(const nlohmann::json& answer, const char* name);
/// How many of `sent` messages it has set aside; no more than that.
std::size_t aside(const nlohmann::json& answer, std::size_t sent);

}  // namespace desk_answers
}  // namespace bulkhead::host
