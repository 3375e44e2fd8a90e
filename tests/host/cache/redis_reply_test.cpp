#include "cache/redis_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace bulkhead::host::cache {
namespace {

using Kind = RedisReply::Kind;

RedisReply read(std::string_view bytes) {
  RedisReader reader{1 << 20};
  reader.feed(bytes);
  RedisReply reply;
  EXPECT_TRUE(reader.next(reply)) << bytes;
  return reply;
}

TEST(RedisReply, EveryKindOfAnswer) {
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_EQ(read(":-42\r\n").integer, -42);
  EXPECT_EQ(read("$5\r\na\r\nb!\r\n").text, "a\r\nb!");
  EXPECT_EQ(read("$0\r\n\r\n").kind, Kind::Text);
  EXPECT_EQ(read("$-1\r\n").kind, Kind::Nil);
  EXPECT_EQ(read("*-1\r\n").kind, Kind::Nil);
  const RedisReply error = read("-NOSCRIPT No matching script.\r\n");
  EXPECT_TRUE(error.isError("NOSCRIPT"));
  EXPECT_FALSE(error.isError("NO"));
  const RedisReply list = read("*3\r\n:1\r\n$1\r\nx\r\n*1\r\n+y\r\n");
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[2].items[0].text, "y");
}

TEST(RedisReply, ByteByByteIsTheSame) {
  const std::string bytes = "*2\r\n$3\r\nabc\r\n:7\r\n+next\r\n";
  RedisReader reader{1 << 20};
  std::vector<RedisReply> replies;
  RedisReply reply;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    while (reader.next(reply)) replies.push_back(reply);
  }
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies[0].items[0].text, "abc");
  EXPECT_EQ(replies[1].text, "next");
}

TEST(RedisReply, NonsenseIsRefusedAndCostsNoMemory) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "*1\r\n";
  for (const std::string& bytes :
       {std::string{"HTTP/1.1 400 Bad Request\r\n"}, std::string{"$4000000000\r\n"},
        std::string{"*2000000000\r\n"}, std::string{"$-2\r\n"}, std::string{":x\r\n"},
        std::string{":\r\n"}, std::string{"\r\n"}, std::string{"$1\r\nabc\r\n"}, deep,
        std::string(100'000, '+')}) {
    RedisReader reader{1 << 20};
    RedisReply reply;
    EXPECT_THROW(
        {
          reader.feed(bytes);
          while (reader.next(reply)) continue;
        },
        RedisNonsense)
        << bytes.substr(0, 40);
  }
}

TEST(RedisReply, ListsInListsAreBoundedTogether) {
  std::string bytes{"*16\r\n"};
  for (int list = 0; list < 16; ++list) {
    bytes += "*8000\r\n";
    for (int item = 0; item < 8000; ++item) bytes += ":1\r\n";
  }
  RedisReader reader{1 << 20};
  reader.feed(bytes);
  RedisReply reply;
  EXPECT_THROW(reader.next(reply), RedisNonsense);
}

TEST(RedisReply, MoreThanWasAskedForIsRefused) {
  RedisReader reader{1000};
  reader.feed("$900\r\n");
  EXPECT_THROW(reader.feed(std::string(1000, 'x')), RedisNonsense);
}

TEST(RedisReply, ARequestIsItsWordsWhateverIsInThem) {
  EXPECT_EQ(redisRequest({"SET", "a\r\nb", ""}), "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace bulkhead::host::cache
