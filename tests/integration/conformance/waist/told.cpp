#include "told.hpp"

namespace conformance {

void Caught::report(void* self, const bulkhead_error* error) {
  auto& caught = *static_cast<Caught*>(self);
  ++caught.reports_;
  caught.size_ = error->size;
  caught.kind_ = error->kind;
  caught.code_ = view(error->code);
  caught.message_ = view(error->message);
  caught.details_ = view(error->details);
  caught.retry_after_s_ = error->retry_after_s;
}

void Caught::write(bulkhead::JsonWriter& out, bulkhead_status status) const {
  out.beginObject();
  out.member("status", status);
  out.member("reports", reports_);
  if (reports_ > 0) {
    out.member("size", size_);
    out.member("kind", kind_);
    out.member("code", code_);
    out.member("message", message_);
    out.member("details", details_);
    out.member("retry_after_s", retry_after_s_);
  }
  out.endObject();
}

bulkhead_status Caught::handOn(const bulkhead_error_sink* sink) const {
  return refuse(sink, kind_, code_, message_, details_, retry_after_s_);
}

bulkhead_status refuse(const bulkhead_error_sink* sink, bulkhead_status kind, std::string_view code,
                       std::string_view message, std::string_view details,
                       std::int32_t retry_after_s) {
  const bulkhead_error error{sizeof error,   kind,           bytes(code),
                             bytes(message), bytes(details), retry_after_s};
  if (sink != nullptr) sink->report(sink->self, &error);
  return kind;
}

}  // namespace conformance
