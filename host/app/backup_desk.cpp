#include "app/backup_desk.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

std::filesystem::path directoryOf(const HttpRequest& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const auto wanted = body.is_object() ? body.find("directory") : body.end();
  std::filesystem::path directory;
  if (body.is_object() && wanted != body.end() && wanted->is_string())
    directory = wanted->get<std::string>();
  if (directory.is_absolute()) return directory;
  throw Error::validation("VALIDATION_ERROR", "The member 'directory' is an absolute path.");
}

}  // namespace

BackupDesk::BackupDesk(Order order) : order_{std::move(order)} {}

BackupDesk::~BackupDesk() {
  stop();
}

void BackupDesk::stop() noexcept {
  stopping_ = true;
  std::thread ended;
  {
    const std::lock_guard lock{mutex_};
    ended.swap(thread_);
  }
  if (ended.joinable()) ended.join();
}

std::vector<HostRoute> BackupDesk::routes() {
  return {
      {"POST",
       "/api/admin/backups",
       HostAccess::AdminSocket,
       {},
       AnsweredOn::AdminLane,
       [this](const HttpRequest& request) { return begin(request); },
       false},
      {"GET",
       "/api/admin/backups/last",
       HostAccess::AdminSocket,
       {},
       AnsweredOn::AdminLane,
       [this](const HttpRequest&) { return last(); },
       false},
  };
}

HttpResponse BackupDesk::begin(const HttpRequest& request) {
  const std::filesystem::path directory = directoryOf(request);
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) throw Error::app("OVERLOADED", "The host is stopping.");
    if (backup_ && backup_->running)
      throw Error::conflict("BACKUP_RUNNING", "A backup is being written already.");
    if (thread_.joinable()) thread_.join();  // that of the one before, which has ended
    backup_ = std::make_shared<Backup>();
    backup_->directory = directory;
    thread_ = std::thread{[this, backup = backup_] { run(backup); }};
  }
  HttpResponse response = last();
  response.status = 202;
  return response;
}

void BackupDesk::run(const std::shared_ptr<Backup>& backup) {
  std::optional<data::BackupManifest> manifest;
  std::optional<Error> error;
  try {
    data::BackupOrder order = order_(backup->directory);
    order.on_total = [&](std::uint64_t bytes) { backup->total_bytes = bytes; };
    order.pace.go_on = [&](std::uint64_t bytes) {
      backup->copied_bytes += bytes;
      return !stopping_;
    };
    manifest = data::writeBackup(order);
    log(Level::Info, "host", "Backup written", {{"directory", backup->directory.string()}});
  } catch (const Error& failure) {
    error = failure;
  } catch (const std::exception& failure) {
    error = Error::app("INTERNAL_ERROR", failure.what());
  }
  if (error) {
    log(Level::Error, "host", "The backup failed",
        {{"directory", backup->directory.string()},
         {"code", error->code()},
         {"reason", error->message()}});
  }
  const std::lock_guard lock{mutex_};
  backup->manifest = std::move(manifest);
  backup->error = std::move(error);
  backup->running = false;
}

HttpResponse BackupDesk::last() const {
  const std::lock_guard lock{mutex_};
  if (!backup_) throw Error::notFound("NOT_FOUND", "No backup was made since the host started.");
  const Backup& backup = *backup_;
  return HttpResponse::json(
      200, toJson([&](JsonWriter& out) {
        out.beginObject();
        out.member("state", backup.running ? "running" : backup.error ? "failed" : "done");
        out.member("directory", backup.directory.string());
        out.member("copied_bytes", backup.copied_bytes.load());
        out.member("total_bytes", backup.total_bytes.load());
        if (backup.error) {
          out.member("error", [&](JsonWriter& error) {
            error.object("code", backup.error->code(), "message", backup.error->message());
          });
        }
        out.endObject();
      }));
}

}  // namespace bulkhead::host
