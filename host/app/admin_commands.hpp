#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

// The commands that speak /api/admin; see commands().
int runPluginList(const CommandLine& line);
int runPluginInspect(const CommandLine& line);
int runTenantCreate(const CommandLine& line);
int runTenantList(const CommandLine& line);
int runTenantSuspend(const CommandLine& line);
int runTenantResume(const CommandLine& line);
int runKeyCreate(const CommandLine& line);
int runKeyRotate(const CommandLine& line);
int runKeyList(const CommandLine& line);
int runKeyRevoke(const CommandLine& line);
int runAuditList(const CommandLine& line);
int runAuditVerify(const CommandLine& line);

}  // namespace bulkhead::host
