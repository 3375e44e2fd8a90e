#include "logging/line_writer.hpp"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

std::string contentOf(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

LineWriter::Options toFile(const std::filesystem::path& file) {
  LineWriter::Options options;
  options.descriptor = -1;
  options.file = file;
  return options;
}

/// A destination that takes nothing until it is opened.
class Dam {
 public:
  Dam() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    const std::string block(4096, '#');
    while (write(ends_[1], block.data(), block.size()) > 0) {
    }
    fcntl(ends_[1], F_SETFL, 0);
  }
  ~Dam() {
    if (reader_.joinable()) {
      close(ends_[1]);
      reader_.join();
    } else {
      close(ends_[1]);
    }
    close(ends_[0]);
  }
  Dam(const Dam&) = delete;
  Dam& operator=(const Dam&) = delete;

  int descriptor() const { return ends_[1]; }
  void open() {
    reader_ = std::thread{[this] {
      char text[65536];
      for (ssize_t size = 1; size > 0;) {
        size = read(ends_[0], text, sizeof text);
        if (size > 0) text_.append(text, static_cast<std::size_t>(size));
      }
    }};
  }
  /// What came through; only after the writer has gone.
  std::string text() {
    close(ends_[1]);
    ends_[1] = -1;
    reader_.join();
    return text_.substr(std::min(text_.find_first_not_of('#'), text_.size()));
  }

 private:
  int ends_[2] = {-1, -1};
  std::thread reader_;
  std::string text_;
};

TEST(LineWriter, WritesEveryLineOfEveryThreadWhole) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "log";
  {
    LineWriter writer{toFile(file)};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&writer, t] {
        for (int i = 0; i < 2000; ++i) writer.append(Level::Info, std::to_string(t) + "-line\n");
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(writer.statistics().lines, 8000U);
  }
  std::ifstream in{file};
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) ASSERT_EQ(line.substr(1), "-line");
  EXPECT_EQ(count, 8000);
}

TEST(LineWriter, C29_ReopenFollowsAFileThatWasMoved) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "log";
  LineWriter writer{toFile(file)};
  writer.append(Level::Info, "before\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  std::filesystem::rename(file, folder.path() / "log.1");
  writer.append(Level::Info, "between\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_FALSE(std::filesystem::exists(file));  // negative control: without reopen it goes on there
  writer.reopen();
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  writer.append(Level::Info, "after\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_EQ(contentOf(folder.path() / "log.1"), "before\nbetween\n");
  EXPECT_EQ(contentOf(file), "after\n");
}

// Goal: a file that is lost is a failure that is told of, and comes back by itself. Method: the
// folder is away at a reopen, and is put back.
TEST(LineWriter, Ops56_AFileThatCannotBeReopenedCountsAndIsTriedAgain) {
  const TemporaryFolder folder;
  const auto place = folder.path() / "logs";
  std::filesystem::create_directory(place);
  LineWriter writer{toFile(place / "log")};
  writer.append(Level::Info, "before\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_EQ(writer.statistics().write_failures, 0U);
  std::filesystem::remove_all(place);
  writer.reopen();
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  writer.append(Level::Info, "lost\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_FALSE(writer.fileIsOpen());
  EXPECT_EQ(writer.statistics().write_failures, 1U);
  std::filesystem::create_directory(place);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{9};
  while (!writer.fileIsOpen() && std::chrono::steady_clock::now() < end)
    writer.flush(milliseconds{100});
  writer.append(Level::Info, "after\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_EQ(contentOf(place / "log"), "after\n");
}

TEST(LineWriter, Ops518_GoesOnInAnotherFileOrSaysThatItCannot) {
  const TemporaryFolder folder;
  LineWriter writer{toFile(folder.path() / "first")};
  writer.append(Level::Info, "one\n");
  EXPECT_FALSE(writer.setFile("/nonexistent/folder/log"));
  writer.append(Level::Info, "two\n");
  EXPECT_TRUE(writer.setFile(folder.path() / "second"));
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  writer.append(Level::Info, "three\n");
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_EQ(contentOf(folder.path() / "first"), "one\ntwo\n");
  EXPECT_EQ(contentOf(folder.path() / "second"), "three\n");
  EXPECT_TRUE(writer.setFile(""));
  ASSERT_TRUE(writer.flush(milliseconds{5000}));
  EXPECT_TRUE(writer.fileIsOpen()) << "none is wanted";
  EXPECT_EQ(writer.statistics().write_failures, 0U);
}

TEST(LineWriter, AFileThatCannotBeOpenedDoesNotStopTheRest) {
  LineWriter writer{toFile("/nonexistent/folder/log")};
  EXPECT_FALSE(writer.fileIsOpen());
  writer.append(Level::Info, "x\n");
  EXPECT_TRUE(writer.flush(milliseconds{5000}));
}

TEST(LineWriter, DebugGoesFirstThenInfoThenWarnAndErrorStays) {
  Dam dam;
  std::array<std::uint64_t, 5> dropped{};
  {
    LineWriter::Options options;
    options.descriptor = dam.descriptor();
    options.pending_bytes_max = 100'000;
    options.dropped_line = [](const LogStatistics& statistics) {
      return "dropped " + std::to_string(statistics.droppedTotal()) + "\n";
    };
    LineWriter writer{std::move(options)};
    const std::string line(999, 'x');
    const auto accepted = [&](Level level) {
      int count = 0;
      for (int i = 0; i < 200; ++i) {
        const auto before = writer.statistics().lines;
        writer.append(level, line + "\n");
        if (writer.statistics().lines == before) break;
        ++count;
      }
      return count;
    };
    EXPECT_EQ(accepted(Level::Debug), 50);
    EXPECT_EQ(accepted(Level::Info), 25);
    EXPECT_EQ(accepted(Level::Warn), 25);
    const auto begin = std::chrono::steady_clock::now();
    writer.append(Level::Error, "error\n");
    const auto waited = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(waited, milliseconds{49});
    EXPECT_LT(waited, milliseconds{2000});
    for (int i = 0; i < 100; ++i) writer.append(Level::Error, "error\n");  // wait only once
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds{3000});
    dropped = writer.statistics().dropped;
    dam.open();
    EXPECT_TRUE(writer.flush(milliseconds{5000}));
    writer.append(Level::Info, "end\n");
    EXPECT_TRUE(writer.flush(milliseconds{5000}));
  }
  EXPECT_EQ(dropped, (std::array<std::uint64_t, 5>{1, 1, 1, 0, 0}));
  const std::string text = dam.text();
  std::size_t errors = 0;
  for (std::size_t at = 0; (at = text.find("error\n", at)) != std::string::npos; ++at) ++errors;
  EXPECT_EQ(errors, 101U);
  EXPECT_NE(text.find("dropped 3\n"), std::string::npos);
  EXPECT_EQ(text.rfind("dropped"), text.find("dropped"));
}

// Control: the host's own lines of the same levels fill three quarters, see above.
TEST(LineWriter, APluginThatFloodsDropsItsOwnLinesAndNobodyElses) {
  Dam dam;
  LineWriter::Options options;
  options.descriptor = dam.descriptor();
  options.pending_bytes_max = 100'000;
  {
    LineWriter writer{std::move(options)};
    const std::string line = std::string(999, 'x') + "\n";
    const auto accepted = [&](Level level, std::string_view plugin) {
      const auto before = writer.statistics().lines;
      for (int i = 0; i < 200; ++i) writer.append(level, line, plugin);
      return writer.statistics().lines - before;
    };
    EXPECT_EQ(accepted(Level::Info, "loud"), 25U);
    EXPECT_EQ(accepted(Level::Warn, "loud"), 0U);
    EXPECT_EQ(accepted(Level::Error, "loud"), 25U) << "errors have a half";
    EXPECT_EQ(accepted(Level::Warn, "quiet"), 25U);
    EXPECT_EQ(accepted(Level::Warn, ""), 25U) << "the host has what is left";
    dam.open();
    EXPECT_TRUE(writer.flush(milliseconds{5000}));
    EXPECT_EQ(accepted(Level::Info, "loud") > 0, true) << "the share is free again";
  }
}

TEST(LineWriter, MemoryIsBoundedEvenForErrors) {
  Dam dam;
  LineWriter::Options options;
  options.descriptor = dam.descriptor();
  options.pending_bytes_max = 100'000;
  LineWriter writer{std::move(options)};
  const std::string line = std::string(9'999, 'x') + "\n";
  for (int i = 0; i < 300; ++i) writer.append(Level::Error, line);
  const auto statistics = writer.statistics();
  EXPECT_LE(statistics.lines * line.size(), 100'000 + LineWriter::kReserveBytes);
  EXPECT_GT(statistics.dropped[3], 0U);
  dam.open();
}

TEST(LineWriter, AStuckDestinationDoesNotHoldUpTheStop) {
  Dam dam;
  const auto begin = std::chrono::steady_clock::now();
  {
    LineWriter::Options options;
    options.descriptor = dam.descriptor();
    LineWriter writer{std::move(options)};
    writer.append(Level::Info, "x\n");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds{4000});
}

TEST(LineWriter, AClosedPipeIsCountedAndHarmless) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  {
    LineWriter::Options options;
    options.descriptor = ends[1];
    LineWriter writer{std::move(options)};
    writer.append(Level::Info, "x\n");
    EXPECT_TRUE(writer.flush(milliseconds{5000}));
    EXPECT_EQ(writer.statistics().write_failures, 1U);
  }
  close(ends[1]);
}

}  // namespace
}  // namespace bulkhead::host
