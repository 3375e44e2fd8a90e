#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::cache {

/// What a Redis server said, in RESP2.
struct RedisReply {
  enum class Kind { Text, Error, Integer, Nil, List };

  Kind kind = Kind::Nil;
  std::string text;  ///< of Text, and of Error with its code: "NOSCRIPT No matching script."
  std::int64_t integer = 0;
  std::vector<RedisReply> items;

  bool isError() const noexcept { return kind == Kind::Error; }
  /// Whether it is an error of this code.
  bool isError(std::string_view code) const noexcept {
    return isError() && text.starts_with(code) &&
           (text.size() == code.size() || text[code.size()] == ' ');
  }
};

/// A command as it is sent.
std::string redisRequest(std::initializer_list<std::string_view> words);
std::string redisRequest(const std::vector<std::string>& words);

/// The other side does not speak RESP, or says more than anybody asked for.
class RedisNonsense : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads replies as their bytes come. What a broken or hostile server says costs little more
/// memory than `bytes_max`, and never more than 65 536 items of lists.
class RedisReader {
 public:
  explicit RedisReader(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  void feed(std::string_view bytes);
  /// The next whole reply; false, and nothing in `reply`, when its end has not come yet. Throws
  /// RedisNonsense, after which the connection is of no use any more.
  bool next(RedisReply& reply);

 private:
  bool read(std::size_t& position, RedisReply& reply, int depth);
  bool readLine(std::size_t& position, std::string_view& line) const;
  bool readText(std::size_t& position, std::int64_t size, RedisReply& reply);
  bool readItems(std::size_t& position, std::int64_t count, RedisReply& reply, int depth);

  const std::size_t bytes_max_;
  std::string bytes_;
  std::size_t begin_ = 0;   ///< of the next reply
  std::size_t wanted_ = 0;  ///< bytes that have to be there before another look makes sense
  std::int64_t items_ = 0;  ///< of the lists of the reply that is read
};

}  // namespace bulkhead::host::cache
