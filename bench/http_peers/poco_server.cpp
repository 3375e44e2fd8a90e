#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

/// Poco's own server with its defaults: the peer that shows what our front is for.
namespace {

class Health final : public Poco::Net::HTTPRequestHandler {
 public:
  void handleRequest(Poco::Net::HTTPServerRequest&,
                     Poco::Net::HTTPServerResponse& response) override {
    static const std::string kBody =
        R"({"status":"healthy","timestamp":"2026-01-01T00:00:00.000Z","uptime":1})";
    response.setContentType("application/json");
    response.sendBuffer(kBody.data(), kBody.size());
  }
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest&) override {
    return std::make_unique<Health>().release();
  }
};

}  // namespace

int main() {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  const char* port = std::getenv("PORT");
  const Poco::Net::SocketAddress address{"127.0.0.1", port == nullptr ? "0" : port};
  Poco::Net::HTTPServer server{std::make_unique<Factory>().release(),
                               Poco::Net::ServerSocket{address}, new Poco::Net::HTTPServerParams};
  server.start();
  int signal = 0;
  sigwait(&ending, &signal);
  server.stop();
}
