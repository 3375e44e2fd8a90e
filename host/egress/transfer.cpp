#include "egress/transfer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host::egress {
namespace {

constexpr std::chrono::minutes kConnectionAge{5};
/// Pinned addresses stay for as long as any request may wait for its connection.
constexpr long kPinnedSeconds = 600;
constexpr std::string_view kNotConnected = "The service could not be reached.";

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK)
    throw Error::app("EGRESS_OPTION", fmt::format("libcurl refuses option {}.", int{option}));
}

long milliseconds(std::chrono::milliseconds time) {
  return static_cast<long>(time.count());
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// Of what never reached the service.
std::string_view codeOfUnsent(CURLcode result) {
  switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "NAME_NOT_FOUND";
    case CURLE_OPERATION_TIMEDOUT:
      return "CONNECT_TIMEOUT";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "CERTIFICATE_REFUSED";
    case CURLE_SSL_CACERT_BADFILE:
      return "NO_CA_FILE";
    case CURLE_SSL_CONNECT_ERROR:
      return "TLS_FAILED";
    default:
      return "NOT_CONNECTED";
  }
}

/// Of what was sent, and has no whole answer.
std::string_view codeOfSent(CURLcode result) {
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return "DEADLINE_EXCEEDED";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
      return "CONNECTION_LOST";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
      return "ANSWER_INCOMPLETE";
    default:
      return "ANSWER_MALFORMED";
  }
}

}  // namespace

Transfer::Transfer(OutboundRequest request, OutboundTarget target, const Surroundings& surroundings)
    : request_{std::move(request)},
      target_{std::move(target)},
      options_{surroundings.options},
      guard_{surroundings.guard},
      connections_{surroundings.connections},
      held_bytes_{surroundings.held_bytes},
      share_{surroundings.share},
      handle_{nullptr, curl_easy_cleanup} {}

Transfer::~Transfer() {
  if (own_bytes_ == 0) return;  // it never came to the loop's thread
  held_bytes_ -= own_bytes_;
  share_ -= own_bytes_;
}

void Transfer::prepare(const Addresses& addresses, const std::vector<std::string>& forgotten) {
  handle_.reset(curl_easy_init());
  if (!handle_) throw Error::app("EGRESS_OPTION", "libcurl gives no handle.");
  setTarget(addresses, forgotten);
  setSafety();
  setMessage();
  setHeaders();
  setCallbacks();
}

/// A name is connected to by the addresses that were found for it, and is not looked up again.
void Transfer::setTarget(const Addresses& addresses, const std::vector<std::string>& forgotten) {
  CURL* const handle = handle_.get();
  set(handle, CURLOPT_URL, target_.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "https,http");
  set(handle, CURLOPT_PROXY, "");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  for (const std::string& name : forgotten) append(addresses_, "-" + name);
  if (addresses_) set(handle, CURLOPT_RESOLVE, addresses_.get());
  if (target_.is_address) return;
  std::string entry = fmt::format("+{}:{}:", target_.host, target_.port);
  for (const std::string& address : addresses) {
    const bool is_six = address.find(':') != std::string::npos;
    entry += is_six ? fmt::format("[{}],", address) : address + ",";
  }
  entry.pop_back();
  append(addresses_, entry);
  set(handle, CURLOPT_RESOLVE, addresses_.get());
  set(handle, CURLOPT_DNS_CACHE_TIMEOUT, kPinnedSeconds);
}

void Transfer::setSafety() {
  CURL* const handle = handle_.get();
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_QUICK_EXIT, 1L);
  set(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    set(handle, CURLOPT_CAPATH, nullptr);
  }
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout));
  set(handle, CURLOPT_MAXAGE_CONN,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options_.idle_timeout).count()));
  set(handle, CURLOPT_MAXLIFETIME_CONN, long{std::chrono::seconds{kConnectionAge}.count()});
  set(handle, CURLOPT_ERRORBUFFER, error_);
  set(handle, CURLOPT_PRIVATE, this);
}

void Transfer::setMessage() {
  CURL* const handle = handle_.get();
  const bool has_body = !request_.body.empty() || request_.method == "POST" ||
                        request_.method == "PUT" || request_.method == "PATCH";
  if (request_.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(handle, CURLOPT_POSTFIELDS, request_.body.data());
    set(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else {
    set(handle, CURLOPT_HTTPGET, 1L);
    set(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  set(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
}

void Transfer::setHeaders() {
  // what libcurl would add by itself
  append(headers_, "Expect:");
  append(headers_, "Content-Type:");
  append(headers_, "Accept:");
  for (const auto& [name, value] : request_.headers)
    append(headers_, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  set(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::setCallbacks() {
  CURL* const handle = handle_.get();
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::openSocket);
  set(handle, CURLOPT_OPENSOCKETDATA, this);
  set(handle, CURLOPT_CLOSESOCKETFUNCTION, &Transfer::closeSocket);
  set(handle, CURLOPT_CLOSESOCKETDATA, &connections_);
  set(handle, CURLOPT_PREREQFUNCTION, &Transfer::beforeRequest);
  set(handle, CURLOPT_PREREQDATA, this);
  set(handle, CURLOPT_HEADERFUNCTION, &Transfer::takeHeader);
  set(handle, CURLOPT_HEADERDATA, this);
  set(handle, CURLOPT_WRITEFUNCTION, &Transfer::takeBody);
  set(handle, CURLOPT_WRITEDATA, this);
}

void Transfer::append(TextList& list, const std::string& text) const {
  curl_slist* const longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) throw std::bad_alloc{};
  static_cast<void>(list.release());
  list.reset(longer);
}

/// The one place where a connection begins: the address is that of the socket, whatever name or
/// spelling has led here.
curl_socket_t Transfer::openSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto verdict = transfer.guard_.judge(address->addr);
  if (verdict == AddressGuard::Verdict::Refused) {
    transfer.reason_ = {
        "ADDRESS_REFUSED",
        "The address is of the inside, and egress.allow_networks does not name it."};
    return CURL_SOCKET_BAD;
  }
  if (transfer.target_.is_plain && verdict != AddressGuard::Verdict::Allowed) {
    transfer.reason_ = {"PLAIN_HTTP_REFUSED",
                        "http goes only to addresses that egress.allow_networks names."};
    return CURL_SOCKET_BAD;
  }
  transfer.reason_ = {};
  transfer.opens_ = true;
  return transfer.connections_.open(address->family, address->socktype, address->protocol);
}

/// Whoever opened the connection may be gone by then.
int Transfer::closeSocket(void* connections, curl_socket_t socket) {
  return static_cast<OpenConnections*>(connections)->close(socket);
}

/// libcurl sends a request again, by itself, when a kept connection ends before its answer begins.
/// Whether the service has got it cannot be told from here, so only what may run twice goes on.
int Transfer::beforeRequest(void* self, char*, char*, int, int local_port) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto port = static_cast<std::uint16_t>(local_port);
  transfer.spent_ = !transfer.opens_ && transfer.connections_.isSpent(port);
  if (transfer.spent_) return CURL_PREREQFUNC_ABORT;
  const bool may_go =
      transfer.attempts_ == 0 || (transfer.attempts_ == 1 && transfer.request_.repeatable);
  if (!may_go) return CURL_PREREQFUNC_ABORT;
  transfer.reason_ = {};  // of another address that was tried beside this one
  ++transfer.attempts_;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::takeHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line{data, size * count};
  return transfer.takeHeaderLine(line) ? line.size() : 0;
}

/// Lines after the end of the head are trailers: they count, and are not kept.
bool Transfer::takeHeaderLine(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > options_.head_bytes_max) {
    reason_ = {"ANSWER_TOO_LARGE", "The head of the answer is longer than it may be."};
    return false;
  }
  if (line.starts_with("HTTP/") && !head_ended_) {
    fields_.clear();
    length_told_ = false;
    const auto space = line.find(' ');
    const std::string_view digits = line.substr(std::min(space + 1, line.size()), 3);
    status_ = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), status_);
  } else if (trimmed(line).empty()) {
    head_ended_ = head_ended_ || status_ >= 200;  // one of 1xx is followed by another
  } else if (!head_ended_) {
    takeField(line);
  }
  return true;
}

void Transfer::takeField(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name = lower(trimmed(line.substr(0, colon)));
  const std::string_view value = trimmed(line.substr(colon + 1));
  const bool chunked = name == "transfer-encoding" && lower(value).ends_with("chunked");
  length_told_ = length_told_ || chunked || name == "content-length";
  fields_.emplace_back(std::move(name), value);
}

std::size_t Transfer::takeBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.body_.size() + bytes > transfer.options_.body_bytes_max) {
    transfer.reason_ = {"ANSWER_TOO_LARGE", "The body of the answer is longer than it may be."};
    return 0;
  }
  const std::size_t most = kHeldBodiesMax * transfer.options_.body_bytes_max;
  if (transfer.held_bytes_ + bytes > most || transfer.share_ + bytes > most / 2) {
    transfer.reason_ = {"OVERLOADED", "Answers that are on their way hold too much together."};
    return 0;
  }
  transfer.held_bytes_ += bytes;
  transfer.share_ += bytes;
  transfer.own_bytes_ += bytes;
  transfer.body_.append(data, bytes);
  return bytes;
}

/// The end of a connection tells no end of a body: not in clear, and not over TLS either, where
/// libcurl takes a connection that was cut for one that was closed.
bool Transfer::isWhole() const {
  const bool has_body = request_.method != "HEAD" && status_ != 204 && status_ != 304;
  return head_ended_ && (length_told_ || !has_body);
}

OutboundAnswer Transfer::answer(Outcome outcome, Reason reason) {
  OutboundAnswer answer;
  answer.outcome = outcome;
  answer.status = status_;
  answer.attempts = attempts_;
  answer.code = reason.code;
  answer.message = reason.message;
  return answer;
}

OutboundAnswer Transfer::giveUp(std::string_view code, std::string_view message) {
  return answer(isSent() ? Outcome::Ambiguous : Outcome::NotSent, {code, message});
}

bool Transfer::restartsAfter(CURLcode result) {
  const bool may_go = !isSent() || request_.repeatable;
  if (result != CURLE_ABORTED_BY_CALLBACK || !spent_ || !may_go) return false;
  set(handle_.get(), CURLOPT_FRESH_CONNECT, 1L);
  return true;
}

OutboundAnswer Transfer::finish(CURLcode result) {
  return result == CURLE_OK ? answered() : failed(result);
}

OutboundAnswer Transfer::answered() {
  if (status_ < 200)
    return answer(Outcome::Ambiguous, {"ANSWER_MALFORMED", "What came is no answer of HTTP."});
  if (!isWhole())
    return answer(Outcome::Ambiguous, {"ANSWER_INCOMPLETE", "The answer does not tell its end."});
  OutboundAnswer whole = answer(status_ < 300 ? Outcome::Ok : Outcome::HttpError, {});
  curl_off_t wait_s = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &wait_s);
  whole.retry_after_s = static_cast<int>(std::clamp<curl_off_t>(wait_s, 0, 86'400));
  whole.headers = std::move(fields_);
  whole.body = std::move(body_);
  return whole;
}

OutboundAnswer Transfer::failed(CURLcode result) {
  if (!reason_.code.empty())
    return answer(isSent() ? Outcome::Ambiguous : Outcome::Rejected, reason_);
  const bool sent = isSent();
  const std::string_view text = error_[0] != '\0' ? std::string_view{error_}
                                : sent            ? "No whole answer came."
                                                  : kNotConnected;
  return answer(sent ? Outcome::Ambiguous : Outcome::NotSent,
                {sent ? codeOfSent(result) : codeOfUnsent(result), text});
}

}  // namespace bulkhead::host::egress
