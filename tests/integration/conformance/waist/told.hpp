#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/abi.h>
#include <bulkhead/json_writer.hpp>

namespace conformance {

inline bulkhead_bytes bytes(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(bulkhead_bytes text) {
  return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}

/// Catches what a function of the waist reports, to the last field.
class Caught {
 public:
  Caught() = default;
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;

  const bulkhead_error_sink* sink() { return &sink_; }
  std::string_view code() const { return code_; }
  void write(bulkhead::JsonWriter& out, bulkhead_status status) const;
  /// Reports the same once more.
  bulkhead_status handOn(const bulkhead_error_sink* sink) const;

 private:
  static void report(void* self, const bulkhead_error* error);

  bulkhead_error_sink sink_{this, &report};
  int reports_ = 0;
  std::uint32_t size_ = 0;
  bulkhead_status kind_ = BULKHEAD_OK;
  std::string code_;
  std::string message_;
  std::string details_;
  std::int32_t retry_after_s_ = 0;
};

/// What a probe saw: one JSON object, with a member for each step.
class Told {
 public:
  Told() { out_.beginObject(); }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

  template <class Value>
  void tell(std::string_view step, const Value& value) {
    out_.member(step, value);
  }
  /// Runs `call(const bulkhead_error_sink*)` and tells how it ended.
  template <class Call>
  bulkhead_status ends(std::string_view step, const Call& call) {
    Caught caught;
    const bulkhead_status status = call(caught.sink());
    out_.member(step, [&](bulkhead::JsonWriter& out) { caught.write(out, status); });
    return status;
  }
  /// The whole text; nothing can be told afterwards.
  std::string take() {
    out_.endObject();
    return std::move(text_);
  }

 private:
  std::string text_;
  bulkhead::JsonWriter out_{text_};
};

/// Reports an error and gives its status back.
bulkhead_status refuse(const bulkhead_error_sink* sink, bulkhead_status kind, std::string_view code,
                       std::string_view message, std::string_view details = {},
                       std::int32_t retry_after_s = 0);

}  // namespace conformance
