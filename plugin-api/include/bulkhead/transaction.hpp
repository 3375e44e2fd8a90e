#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// Bytes that are stored as they are, not as text.
struct Blob {
  std::string_view bytes;
};

namespace detail {

template <std::integral Integer>
bulkhead_value toValue(Integer value) noexcept {
  return {BULKHEAD_INTEGER, 0, static_cast<std::int64_t>(value), 0.0, {nullptr, 0}};
}
inline bulkhead_value toValue(double value) noexcept {
  return {BULKHEAD_REAL, 0, 0, value, {nullptr, 0}};
}
inline bulkhead_value toValue(std::string_view value) noexcept {
  return {BULKHEAD_TEXT, 0, 0, 0.0, waist::bytes(value)};
}
inline bulkhead_value toValue(const std::string& value) noexcept {
  return toValue(std::string_view{value});
}
inline bulkhead_value toValue(const char* value) noexcept {
  return toValue(std::string_view{value});
}
inline bulkhead_value toValue(Blob value) noexcept {
  return {BULKHEAD_BLOB, 0, 0, 0.0, waist::bytes(value.bytes)};
}
inline bulkhead_value toValue(std::nullopt_t) noexcept {
  return {BULKHEAD_NULL, 0, 0, 0.0, {nullptr, 0}};
}
template <class Value>
bulkhead_value toValue(const std::optional<Value>& value) noexcept {
  return value ? toValue(*value) : toValue(std::nullopt);
}

}  // namespace detail

/// The parameters $1..$n of a statement, in order. Borrows text: the arguments outlive the
/// statement's call.
template <class... Arguments>
std::array<bulkhead_value, sizeof...(Arguments)> values(const Arguments&... arguments) {
  return {detail::toValue(arguments)...};
}

/// One row of an answer. Columns count from 0; views are valid until the callback returns.
class Row {
 public:
  Row(const bulkhead_value* columns, std::size_t count) : columns_{columns}, count_{count} {}

  bool isNull(std::size_t column) const { return at(column).type == BULKHEAD_NULL; }
  std::int64_t integer(std::size_t column) const { return at(column).integer; }
  bool boolean(std::size_t column) const { return at(column).integer != 0; }
  double real(std::size_t column) const {
    return at(column).type == BULKHEAD_INTEGER ? static_cast<double>(at(column).integer)
                                               : at(column).real;
  }
  std::string_view text(std::size_t column) const { return waist::view(at(column).bytes); }
  std::string string(std::size_t column) const { return std::string{text(column)}; }
  std::optional<std::string> optionalString(std::size_t column) const {
    if (isNull(column)) return std::nullopt;
    return string(column);
  }
  std::optional<std::int64_t> optionalInteger(std::size_t column) const {
    if (isNull(column)) return std::nullopt;
    return integer(column);
  }
  std::size_t size() const { return count_; }

 private:
  const bulkhead_value& at(std::size_t column) const {
    if (column >= count_)
      throw Error::app("NO_SUCH_COLUMN", "The statement gives fewer columns than are read.");
    return columns_[column];
  }

  const bulkhead_value* columns_;
  std::size_t count_;
};

/// A snapshot of the store. Lives within one closure, on its thread; the closure may run again.
class ReadTransaction {
 public:
  ReadTransaction(const bulkhead_host& host, bulkhead_transaction& transaction)
      : host_{host}, transaction_{transaction} {}
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

  /// Calls `receive(const Row&)` for each row.
  template <std::size_t N, class Receive>
  void each(std::string_view sql, const std::array<bulkhead_value, N>& values,
            const Receive& receive) {
    readRows(sql, values.data(), N, [&](const Row& row) {
      receive(row);
      return true;
    });
  }
  /// The first row through `map(const Row&)`, or nothing.
  template <std::size_t N, class Map>
  auto first(std::string_view sql, const std::array<bulkhead_value, N>& values, const Map& map)
      -> std::optional<std::invoke_result_t<const Map&, const Row&>> {
    std::optional<std::invoke_result_t<const Map&, const Row&>> found;
    readRows(sql, values.data(), N, [&](const Row& row) {
      found.emplace(map(row));
      return false;
    });
    return found;
  }
  /// Every row through `map(const Row&)`.
  template <std::size_t N, class Map>
  auto list(std::string_view sql, const std::array<bulkhead_value, N>& values, const Map& map) {
    std::vector<std::invoke_result_t<const Map&, const Row&>> found;
    readRows(sql, values.data(), N, [&](const Row& row) {
      found.push_back(map(row));
      return true;
    });
    return found;
  }

 protected:
  const bulkhead_host& host_;
  bulkhead_transaction& transaction_;

 private:
  template <class Receive>
  struct Receiver {
    const Receive& receive;
    std::exception_ptr thrown;

    static std::int32_t take(void* self, const bulkhead_value* columns,
                             std::size_t count) noexcept {
      auto& receiver = *static_cast<Receiver*>(self);
      try {
        return receiver.receive(Row{columns, count}) ? 0 : 1;
      } catch (...) {
        receiver.thrown = std::current_exception();
        return 1;
      }
    }
  };

  template <class Receive>
  void readRows(std::string_view sql, const bulkhead_value* values, std::size_t count,
                const Receive& receive) {
    Receiver<Receive> receiver{receive, nullptr};
    waist::ErrorCatcher error;
    const bulkhead_status status = host_.tx_read(&transaction_, waist::bytes(sql), values, count,
                                                 &Receiver<Receive>::take, &receiver, error.sink());
    if (receiver.thrown) std::rethrow_exception(receiver.thrown);
    error.check(status);
  }
};

/// A transaction that writes. Throwing anything rolls it back; returning commits it. It may run
/// again, so the only effects of the closure are its statements: no call to the outside, no change
/// of captured state that adds up.
class Transaction : public ReadTransaction {
 public:
  using ReadTransaction::ReadTransaction;

  /// Queues a statement that gives no rows; it may change any number of them.
  template <std::size_t N>
  void send(std::string_view sql, const std::array<bulkhead_value, N>& values) {
    queue(sql, values.data(), N, -1, nullptr);
  }
  /// The same, and ends the transaction with `refusal` when it does not change exactly `rows` rows.
  template <std::size_t N>
  void sendExpecting(std::int64_t rows, const Error& refusal, std::string_view sql,
                     const std::array<bulkhead_value, N>& values) {
    const bulkhead_error crossing{
        sizeof(bulkhead_error),          static_cast<bulkhead_status>(refusal.kind()),
        waist::bytes(refusal.code()),    waist::bytes(refusal.message()),
        waist::bytes(refusal.details()), refusal.retryAfterSeconds()};
    queue(sql, values.data(), N, rows, &crossing);
  }
  bulkhead_transaction* handle() const noexcept { return &transaction_; }

 private:
  void queue(std::string_view sql, const bulkhead_value* values, std::size_t count,
             std::int64_t rows, const bulkhead_error* refusal) {
    waist::ErrorCatcher error;
    error.check(host_.tx_send(&transaction_, waist::bytes(sql), values, count, rows, refusal,
                              error.sink()));
  }
};

}  // namespace bulkhead
