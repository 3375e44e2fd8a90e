#include "config/secret.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <ostream>
#include <type_traits>

namespace bulkhead::host {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_constructible_v<nlohmann::json, Secret>);

/// Remembers whether memory came back with anything in it.
template <typename T>
struct InspectingAllocator {
  using value_type = T;
  static inline bool saw_content = false;

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) saw_content = saw_content || memory[i] != T{};
    std::allocator<T>{}.deallocate(memory, count);
  }
  bool operator==(const InspectingAllocator&) const { return true; }
};

constexpr std::string_view kText = "a secret that is long enough for the heap";

template <typename Allocator>
bool leavesContentBehind() {
  InspectingAllocator<char>::saw_content = false;
  { const std::vector<char, Allocator> bytes(kText.begin(), kText.end()); }
  return InspectingAllocator<char>::saw_content;
}

TEST(Secret, MemoryIsWipedBeforeItIsFreed) {
  EXPECT_FALSE((leavesContentBehind<WipingAllocator<char, InspectingAllocator<char>>>()));
}

TEST(Secret, NegativeControl_APlainAllocatorLeavesTheBytes) {
  EXPECT_TRUE(leavesContentBehind<InspectingAllocator<char>>());
}

TEST(Secret, ShowsOnlyStars) {
  EXPECT_EQ(Secret{kText}.redacted(), "******");
  EXPECT_EQ(Secret{}.redacted(), "");
  EXPECT_EQ(Secret{kText}.reveal(), kText);
}

TEST(Secret, ComparesByValue) {
  EXPECT_TRUE(Secret{"abc"} == Secret{"abc"});
  EXPECT_FALSE(Secret{"abc"} == Secret{"abd"});
  EXPECT_FALSE(Secret{"abc"} == Secret{"abcd"});
}

}  // namespace
}  // namespace bulkhead::host
