#include "cache/redis_reply.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bulkhead::host::cache {
namespace {

constexpr int kDepthMax = 4;
constexpr std::int64_t kItemsMax = 65'536;  // of all lists of a reply
constexpr std::string_view kLineEnd = "\r\n";

std::int64_t numberOf(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end)
    throw RedisNonsense{"a number was expected"};
  return number;
}

template <class Words>
std::string requestOf(const Words& words) {
  std::string request{"*"};
  request.append(std::to_string(words.size())).append(kLineEnd);
  for (const std::string_view word : words) {
    request.append("$").append(std::to_string(word.size())).append(kLineEnd);
    request.append(word).append(kLineEnd);
  }
  return request;
}

}  // namespace

std::string redisRequest(std::initializer_list<std::string_view> words) {
  return requestOf(words);
}

std::string redisRequest(const std::vector<std::string>& words) {
  return requestOf(words);
}

void RedisReader::feed(std::string_view bytes) {
  if (begin_ > 0) {
    bytes_.erase(0, begin_);
    wanted_ -= std::min(wanted_, begin_);
    begin_ = 0;
  }
  if (bytes.size() > bytes_max_ - std::min(bytes_max_, bytes_.size()))
    throw RedisNonsense{"a reply is longer than any that was asked for"};
  bytes_.append(bytes);
}

bool RedisReader::next(RedisReply& reply) {
  if (bytes_.size() < wanted_) return false;
  std::size_t position = begin_;
  reply = {};
  items_ = 0;
  if (!read(position, reply, 0)) return false;
  begin_ = position;
  wanted_ = 0;
  return true;
}

bool RedisReader::read(std::size_t& position, RedisReply& reply, int depth) {
  if (depth > kDepthMax) throw RedisNonsense{"a reply is nested too deeply"};
  std::string_view line;
  if (!readLine(position, line)) return false;
  if (line.empty()) throw RedisNonsense{"an empty line"};
  const char kind = line.front();
  line.remove_prefix(1);
  switch (kind) {
    case '+':
    case '-':
      reply.kind = kind == '+' ? RedisReply::Kind::Text : RedisReply::Kind::Error;
      reply.text = line;
      return true;
    case ':':
      reply.kind = RedisReply::Kind::Integer;
      reply.integer = numberOf(line);
      return true;
    case '$':
      return readText(position, numberOf(line), reply);
    case '*':
      return readItems(position, numberOf(line), reply, depth);
    default:
      throw RedisNonsense{"no kind of reply begins so"};
  }
}

bool RedisReader::readLine(std::size_t& position, std::string_view& line) const {
  constexpr std::size_t kLineMax = 64 * 1024;
  const std::size_t end = bytes_.find(kLineEnd, position);
  if (end == std::string::npos) {
    if (bytes_.size() - position > kLineMax) throw RedisNonsense{"a line does not end"};
    return false;
  }
  line = std::string_view{bytes_}.substr(position, end - position);
  position = end + kLineEnd.size();
  return true;
}

bool RedisReader::readText(std::size_t& position, std::int64_t size, RedisReply& reply) {
  if (size == -1) return true;
  if (size < 0 || std::cmp_greater(size, bytes_max_))
    throw RedisNonsense{"a text of such a length"};
  const auto length = static_cast<std::size_t>(size);
  const std::size_t end = position + length + kLineEnd.size();
  if (bytes_.size() < end) {
    wanted_ = end;
    return false;
  }
  if (bytes_.compare(position + length, kLineEnd.size(), kLineEnd) != 0)
    throw RedisNonsense{"a text is longer than it says"};
  reply.kind = RedisReply::Kind::Text;
  reply.text = bytes_.substr(position, length);
  position = end;
  return true;
}

bool RedisReader::readItems(std::size_t& position, std::int64_t count, RedisReply& reply,
                            int depth) {
  if (count == -1) return true;
  if (count < 0 || count > kItemsMax - items_) throw RedisNonsense{"a list of such a length"};
  items_ += count;
  reply.kind = RedisReply::Kind::List;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!read(position, reply.items.emplace_back(), depth + 1)) return false;
  }
  return true;
}

}  // namespace bulkhead::host::cache
