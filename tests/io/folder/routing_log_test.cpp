#include "io/folder/routing_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace routing_log_test {

using Experts = std::vector<std::int32_t>;
constexpr RoutingShape shape{2, 2};

Experts read(const std::filesystem::path& folder, const RoutingKey& key, RoutingShape of = shape) {
  Experts experts(static_cast<std::size_t>(of.tokens * of.choices));
  RoutingLogReader(folder).read(key, of, experts);
  return experts;
}

template <class Work>
Exit code_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return Exit::done;
}

TEST(RoutingLog, ReadsBackWhatEveryRankWrote) {
  const Scratch folder;
  RoutingLogWriter(folder.path(), 1, 0).append({5, 0, 1}, shape, Experts{0, ~3, 2, 1});
  RoutingLogWriter(folder.path(), 1, 1).append({5, 1, 1}, shape, Experts{4, 5, 6, 7});
  EXPECT_EQ(read(folder.path(), {5, 0, 1}), (Experts{0, ~3, 2, 1}));
  EXPECT_EQ(read(folder.path(), {5, 1, 1}), (Experts{4, 5, 6, 7}));
  EXPECT_FALSE(RoutingLogReader(folder.path()).holds({5, 0, 0}));
}

TEST(RoutingLog, TheLaterAttemptCounts) {
  const Scratch folder;
  RoutingLogWriter(folder.path(), 2, 0).append({5, 0, 1}, shape, Experts{9, 9, 9, 9});
  RoutingLogWriter(folder.path(), 1, 3).append({5, 0, 1}, shape, Experts{0, 1, 2, 3});
  EXPECT_EQ(read(folder.path(), {5, 0, 1}), (Experts{9, 9, 9, 9}));
}

TEST(RoutingLog, ATornRecordIsNone) {
  const Scratch folder;
  {
    RoutingLogWriter log(folder.path(), 1, 0);
    log.append({0, 0, 0}, shape, Experts{0, 1, 2, 3});
    log.append({1, 0, 0}, shape, Experts{0, 1, 2, 3});
  }
  const auto file = folder.path() / "attempt-0001-rank-00000.routing";
  const auto bytes = std::filesystem::file_size(file);
  for (const std::uintmax_t cut : {std::uintmax_t{1}, std::uintmax_t{60}}) {
    std::filesystem::resize_file(file, bytes - cut);
    const RoutingLogReader reader(folder.path());
    EXPECT_TRUE(reader.holds({0, 0, 0}));
    EXPECT_FALSE(reader.holds({1, 0, 0}));
  }
}

TEST(RoutingLog, ADamagedRecordIsRefused) {
  const Scratch folder;
  RoutingLogWriter(folder.path(), 1, 0).append({0, 0, 0}, shape, Experts{0, 1, 2, 3});
  {
    std::fstream file(folder.path() / "attempt-0001-rank-00000.routing",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(24 + 32 + 4);  // the second expert
    file.put(2);
  }
  EXPECT_EQ(code_of([&] { read(folder.path(), {0, 0, 0}); }), Exit::data);
}

TEST(RoutingLog, AnotherShapeOrAMissingRecordIsAnError) {
  const Scratch folder;
  RoutingLogWriter(folder.path(), 1, 0).append({0, 0, 0}, shape, Experts{0, 1, 2, 3});
  EXPECT_EQ(code_of([&] { read(folder.path(), {0, 0, 0}, {4, 1}); }), Exit::data);
  EXPECT_EQ(code_of([&] { read(folder.path(), {1, 0, 0}); }), Exit::data);
}

TEST(RoutingLog, AnEmptyFolderIsAnError) {
  const Scratch folder;
  EXPECT_EQ(code_of([&] { RoutingLogReader reader(folder.path()); }), Exit::data);
  EXPECT_EQ(code_of([&] { RoutingLogReader reader(folder.path() / "none"); }), Exit::data);
}

TEST(RoutingLog, NoRunWritesOverAnother) {
  const Scratch folder;
  const RoutingLogWriter first(folder.path(), 1, 0);
  EXPECT_EQ(code_of([&] { RoutingLogWriter second(folder.path(), 1, 0); }), Exit::usage);
}

}  // namespace routing_log_test
}  // namespace switchyard
