#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "data/store_copy.hpp"
#include "plugins/worker_home.hpp"

namespace bulkhead::host {

/// A plugin's store without the plugin, whether that runs or not: what the host wants of it that is
/// no call. Used by one thread. Throws what store_copy.hpp and kept_copy.hpp say.
class BareStore {
 public:
  BareStore() = default;
  virtual ~BareStore() = default;
  BareStore(const BareStore&) = delete;
  BareStore& operator=(const BareStore&) = delete;

  virtual std::unique_ptr<data::StoreMoment> takeMoment() = 0;
  /// See data::KeptCopy. The file of the copy; nobody writes the store.
  virtual std::filesystem::path keepCopy(const std::function<bool()>& go_on) = 0;
  /// The store is what that copy of it is.
  virtual void putBack(const std::filesystem::path& copy) = 0;
  /// See answerJobDesk; of a plugin that does not run. Throws Error: NOT_FOUND where there are no
  /// jobs, and what the store does.
  virtual std::string answerJobs(const std::string& request) = 0;
};

/// One that this process reads and writes.
class LocalBareStore final : public BareStore {
 public:
  LocalBareStore(std::string owner, std::filesystem::path file);

  std::unique_ptr<data::StoreMoment> takeMoment() override;
  std::filesystem::path keepCopy(const std::function<bool()>& go_on) override;
  void putBack(const std::filesystem::path& copy) override;
  std::string answerJobs(const std::string& request) override;

 private:
  const std::string owner_;
  const std::filesystem::path file_;
};

/// One that a worker of its own reads and writes, so that whatever its file holds meets no code of
/// the host's process. The worker ends with the last of this object and its moments.
class WorkerBareStore final : public BareStore {
 public:
  /// Starts the worker; `order` has a store and no library.
  WorkerBareStore(WorkerOrder order, WorkerServices services);

  std::unique_ptr<data::StoreMoment> takeMoment() override;
  std::filesystem::path keepCopy(const std::function<bool()>& go_on) override;
  void putBack(const std::filesystem::path& copy) override;
  std::string answerJobs(const std::string& request) override;

 private:
  const std::shared_ptr<WorkerHome> home_;
};

/// The worker's side: answers what a WorkerBareStore asks. Used by one thread.
class BareStoreAnswers {
 public:
  BareStoreAnswers(std::string owner, std::filesystem::path file)
      : store_{std::move(owner), std::move(file)} {}

  /// Throws what the store does; LinkError for what is no ask of this kind.
  std::string answer(const Ask& ask);

 private:
  LocalBareStore store_;
  std::map<std::uint64_t, std::unique_ptr<data::StoreMoment>> moments_;
  std::uint64_t last_ = 0;
};

}  // namespace bulkhead::host
