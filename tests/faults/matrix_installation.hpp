#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "host_process.hpp"
#include "vendor_services.hpp"

namespace bulkhead::integration {

/// What the matrix knows of a plugin; one row each.
struct MatrixRow {
  const char* id = "";
  const char* path = "";         ///< that it answers
  int status = 0;                ///< so
  const char* code = "";         ///< and with this code, where that is an error
  const char* kept = "";         ///< a POST that it writes down
  const char* kept_body = "";    ///< with this body
  const char* capability = "";   ///< that it provides; empty when it is not a vendor's
  const char* consumer = "";     ///< who wants that, of these seven; empty when nobody does
  const char* setting = "";      ///< that its refusals name while it has no credentials
  const char* credentials = "";  ///< as settings; {secret} and {tenant} are filled in

  bool isVendor() const { return *capability != '\0'; }
};

const std::vector<MatrixRow>& matrixRows();
/// Beside them, so that a row has a neighbour that nothing is done to.
extern const MatrixRow kMatrixNeighbour;

/// What the sources of one moment say of a plugin and of what it provides.
struct MatrixSight {
  std::string state;
  bool lost = false;    ///< its capability is, and whose it is
  bool missed = false;  ///< its consumer is said to miss it
};

/// A host with every plugin of the matrix, whose vendors are well, and its tenant.
class MatrixInstallation {
 public:
  /// Where each one of them begins: a host has run there with all plugins, and has made the tenant.
  class Template {
   public:
    explicit Template(const VendorServices& services);
    void copyTo(const HostFolder& folder) const;
    /// Without credentials, and these.
    std::string settingsOf(const MatrixRow& row) const;
    std::string credentialsOf(const MatrixRow& row) const;
    const VendorServices& services() const { return services_; }

   private:
    const VendorServices& services_;
    HostFolder folder_;
    std::string tenant_;
  };

  explicit MatrixInstallation(const Template& like);

  void start();
  /// False when its health did not become whole in time.
  bool awaitHealthy() const;
  const HostFolder& folder() const { return folder_; }
  HostProcess& host() { return *host_; }
  const Template& like() const { return like_; }

  HttpAnswer ask(const MatrixRow& row) const;
  bool answers(const MatrixRow& row) const;
  /// Has it write something down.
  HttpAnswer keep(const MatrixRow& row) const;
  /// What a vendor's plugin is for, with a key of its own; another answer than 201 or 200 is in the
  /// text, which is else empty.
  std::string refusesWork(const MatrixRow& row) const;

  nlohmann::json healthOf(const MatrixRow& row) const;
  MatrixSight byHealth(const MatrixRow& row) const;
  MatrixSight byMetrics(const MatrixRow& row) const;
  MatrixSight byList(const MatrixRow& row) const;
  /// What `bulkhead plugin list --json` prints of it.
  MatrixSight byCommand(const MatrixRow& row) const;
  /// Whether health has an issue of that subject.
  bool hasIssue(std::string_view subject) const;

  /// Sends it to the plugin's worker, once there is one; false when there was none in time.
  bool signalWorker(const MatrixRow& row, int number) const;
  bool change(const MatrixRow& row, std::string_view verb) const;
  /// Its file and its settings as they were at first.
  void putRight(const MatrixRow& row) const;
  /// As an operator does it: aside, then in its place.
  void putInPlace(const std::filesystem::path& file, const MatrixRow& row) const;
  std::filesystem::path storeOf(const MatrixRow& row) const;

 private:
  pid_t workerOf(const MatrixRow& row) const;
  MatrixSight sightIn(const nlohmann::json& plugins, const MatrixRow& row, const char* lost,
                      const char* missed) const;

  const Template& like_;
  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

}  // namespace bulkhead::integration
