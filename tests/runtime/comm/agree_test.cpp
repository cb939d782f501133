#include "runtime/comm/agree.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "tests/rank_test.h"

namespace switchyard {
namespace agree_test {

int rank() { return test_world().rank(); }
int last_rank() { return test_world().size() - 1; }

template <class Work>
std::optional<Error> failure_of(Work work) {
  try {
    agree(test_world(), work);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

void expect_error(const std::optional<Error>& error, Exit code, const std::string& text) {
  EXPECT_TRUE(error.has_value());
  if (!error) return;
  EXPECT_EQ(error->code(), code);
  EXPECT_EQ(error->what(), text);
  EXPECT_TRUE(error->agreed());
}

TEST(Agree, SuccessPasses) {
  bool ran = false;
  EXPECT_FALSE(failure_of([&] { ran = true; }).has_value());
  EXPECT_TRUE(ran);
}

TEST(Agree, FailureOfOneRankIsEveryones) {
  for (int culprit = 0; culprit <= last_rank(); ++culprit) {
    const auto error = failure_of([&] {
      if (rank() == culprit) fail(Exit::storage, "rank {} is full", rank());
    });
    expect_error(error, Exit::storage, "rank " + std::to_string(culprit) + " is full");
  }
}

TEST(Agree, LowestRankWins) {
  const auto error = failure_of([] {
    if (rank() == last_rank()) fail(Exit::crash_loop, "the last rank");
    if (rank() == last_rank() - 1) fail(Exit::data, "the one before");
  });
  if (last_rank() == 0) {
    expect_error(error, Exit::crash_loop, "the last rank");
  } else {
    expect_error(error, Exit::data, "the one before");
  }
}

TEST(Agree, ForeignExceptionsAreInternal) {
  const auto error = failure_of([] {
    if (rank() == last_rank()) throw std::out_of_range("vector::at");
  });
  expect_error(error, Exit::internal, "vector::at");
}

TEST(Agree, EmptyMessagesArrive) {
  const auto error = failure_of([] {
    if (rank() == last_rank()) throw Error(Exit::usage, "");
  });
  expect_error(error, Exit::usage, "");
}

TEST(Agree, NestsWhereTheInnerFailureIsAgreed) {
  const auto error = failure_of([] {
    agree(test_world(), [] {
      if (rank() == last_rank()) fail(Exit::busy, "in use");
    });
  });
  expect_error(error, Exit::busy, "in use");
}

TEST(Agree, RanksStayInStepAfterAFailure) {
  failure_of([] {
    if (rank() == 0) fail(Exit::data, "once");
  });
  EXPECT_EQ(reduce_one(test_world(), std::int64_t{1}, Reduce::sum), last_rank() + 1);
}

TEST(OnRoot, RunsOnRankZeroAlone) {
  bool ran = false;
  on_root(test_world(), [&] { ran = true; });
  EXPECT_EQ(ran, rank() == 0);
}

TEST(OnRoot, FailureOfRankZeroIsEveryones) {
  std::optional<Error> error;
  try {
    on_root(test_world(), [] { fail(Exit::data, "no such file"); });
  } catch (const Error& thrown) {
    error = thrown;
  }
  expect_error(error, Exit::data, "no such file");
}

}  // namespace agree_test
}  // namespace switchyard
