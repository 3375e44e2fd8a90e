#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <future>
#include <memory>
#include <span>
#include <string>

#include "host/runtime/silent_sinks.hpp"
#include "http/router.hpp"
#include "plugins/compartment.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/home_settings.hpp"
#include "plugins/in_process_home.hpp"
#include "plugins/library.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_file.hpp"

namespace bulkhead::host {
namespace {

using Routes = RouteTable<std::shared_ptr<const RegisteredRoute>>;

/// What the front hands over for one request of a client with a key.
HttpRequest greeting() {
  HttpRequest request;
  request.method = "GET";
  request.target = "/api/greeter/v1/hello/Ada";
  request.path = request.target;
  request.headers = {{"host", "127.0.0.1:5000"},
                     {"user-agent", "bench/1.0"},
                     {"accept", "application/json"},
                     {"x-api-key", "bk_0123456789abcdef_0123456789abcdef"}};
  request.principal = {"key_0123456789abcdef", "salon", {"greeter:read"}, true, true};
  request.request_id = "01890a5d-ac96-774b-bcce-b302099a8057";
  request.trace_id = "0af7651916cd43dd8448eb211c80319c";
  return request;
}

void keepBody(HomeCall&) {}
HttpResponse keepAnswer(const HttpRequest&, HttpResponse response) {
  return response;
}

/// A request whose answer is waited for.
class Call final : public HomeCall {
 public:
  Call(std::shared_ptr<const RegisteredRoute> route, Time deadline, HttpRequest request)
      : HomeCall{std::move(route), deadline}, request_{std::move(request)} {}

  HttpResponse await() { return answered_.get_future().get(); }

  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return false; }
  bool respond(HttpResponse response) override {
    answered_.set_value(std::move(response));
    return true;
  }
  bool refuse(const Error&) override { return respond({}); }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }
  void watch(std::unique_ptr<AnswerWatcher>) override {}

 private:
  HttpRequest request_;
  std::promise<HttpResponse> answered_;
};

/// The greeter in its compartment, as the supervisor puts it there.
class Greeter {
 public:
  explicit Greeter(const std::filesystem::path& file) : compartment_{{"greeter", false}} {
    const PluginFile bytes = readPluginFile(file);
    const Manifest manifest = Manifest::parse(readPluginNotes(bytes).manifest, file.string());
    const auto library = std::make_shared<PluginLibrary>(PluginLibrary::load(file));
    HomeOptions options;
    options.plugin = manifest.id;
    options.settings = homeSettings(manifest.settings, {});
    auto plugin = std::make_unique<PluginHome>(library->table(), std::move(options),
                                               HomeServices{clock_, log_, metrics_, nullptr});
    compartment_.create(std::make_shared<InProcessHome>(
        std::move(plugin), InProcessHome::Foundation{library, nullptr},
        HomeLimits{.lane = {1, 1024}}, BodyWork{keepBody, keepAnswer}));
    compartment_.start();
    std::vector<Routes::Route> routes;
    for (const auto& route : compartment_.home()->routes())
      routes.push_back({route->contract.method(), route->path, manifest.id, route});
    routes_ = Routes{std::move(routes)};
  }
  ~Greeter() { compartment_.close(std::chrono::seconds{5}); }
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;

  /// From the router to the answer, over the lane's thread.
  HttpResponse answer(HttpRequest request) {
    auto match = routes_.match(request.method, request.path);
    request.path_parameters = std::move(match.parameters);
    const auto route = *match.value;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    const auto call = std::make_shared<Call>(route, until, std::move(request));
    compartment_.submit(call);
    return call->await();
  }

 private:
  SystemClock clock_;
  SilentLog log_;
  SilentMetrics metrics_;
  Compartment compartment_;
  Routes routes_;
};

int run(const char* file, long requests) {
  Greeter greeter{file};
  const HttpRequest request = greeting();
  for (long i = 0; i < requests; ++i) {
    const HttpResponse response = greeter.answer(request);
    if (response.status == 200 && response.body == R"({"hello":"Ada"})") continue;
    fmt::print(stderr, "answered {}: {}\n", response.status, response.body);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace bulkhead::host

/// bench_runtime GREETER.so REQUESTS: takes so many requests through the greeter's compartment, one
/// after the other. bench/runtime.sh counts its instructions.
int main(int count, char** arguments) {
  if (count != 3) return 2;
  return bulkhead::host::run(arguments[1], std::strtol(arguments[2], nullptr, 10));
}
