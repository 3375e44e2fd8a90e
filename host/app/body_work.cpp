#include "app/body_work.hpp"

#include <utility>

#include "http/middleware/content_coding.hpp"
#include "http/middleware/preconditions.hpp"

namespace bulkhead::host {

/// What was sent and what it becomes are both there for a moment.
void decodeBody(HomeCall& call) {
  const RouteContract& contract = call.route().contract;
  if (contract.rawBody() || !isCoded(call.request())) return;
  const std::size_t sent_bytes = call.heldBytes();
  std::string& body = call.request().body;
  body = decodedBody(body, contract.bodyLimitBytes(), [&](std::size_t decoded_bytes) {
    return call.hold(sent_bytes + decoded_bytes);
  });
}

HttpResponse finishBody(const HttpRequest& request, HttpResponse response) {
  const int status = response.status;
  const ContentCoding coding = chooseCoding(request, response);
  const std::shared_ptr<ByteStream> stream = response.stream;
  applyPreconditions(request, response);
  if (response.status == status) {
    encodeBody(coding, response);
  } else if (stream) {  // the client has what would come
    response.stream.reset();
    stream->breakOff();
  }
  return response;
}

}  // namespace bulkhead::host
