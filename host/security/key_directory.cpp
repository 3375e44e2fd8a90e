#include "security/key_directory.hpp"

#include <utility>

namespace bulkhead::host {

KeyDirectory::KeyDirectory(std::vector<Tenant> tenants, std::vector<ApiKeyRecord> keys,
                           const KeyDirectory* before)
    : tenants_{std::move(tenants)} {
  for (std::size_t i = 0; i < tenants_.size(); ++i) {
    tenant_index_.emplace(tenants_[i].id, i);
    tenant_index_.emplace(tenants_[i].slug, i);
  }
  for (ApiKeyRecord& key : keys) {
    const Entry* known = before == nullptr ? nullptr : before->findKey(key.id);
    key_index_.emplace(key.id, keys_.size());
    keys_.push_back({std::move(key), known != nullptr
                                         ? known->used_us
                                         : std::make_shared<std::atomic<std::int64_t>>(0)});
  }
}

const KeyDirectory::Entry* KeyDirectory::findKey(std::string_view id) const {
  const auto found = key_index_.find(id);
  return found == key_index_.end() ? nullptr : &keys_[found->second];
}

const Tenant* KeyDirectory::findTenant(std::string_view id_or_slug) const {
  const auto found = tenant_index_.find(id_or_slug);
  return found == tenant_index_.end() ? nullptr : &tenants_[found->second];
}

const Tenant* KeyDirectory::onlyTenant() const {
  return tenants_.size() == 1 ? &tenants_.front() : nullptr;
}

}  // namespace bulkhead::host
