#include "runtime/device/stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <utility>
#include <vector>

#include "runtime/product/matmul_library.h"

namespace switchyard {
namespace stream_test {

TEST(Stream, RefusesNoThreads) { EXPECT_THROW(Stream::cpu(0), Error); }

TEST(Stream, MoveKeepsItsLibrary) {
  Stream source = Stream::cpu(2);
  const MatmulLibrary* library = &matmul_library(source);
  Stream target = std::move(source);
  EXPECT_EQ(&matmul_library(target), library);
  EXPECT_EQ(target.num_threads(), 2);
}

TEST(ParallelFor, VisitsEachIndexOnce) {
  for (const int num_threads : {1, 2, 3}) {
    Stream stream = Stream::cpu(num_threads);
    std::vector<std::atomic<int>> visits(1000);
    parallel_for(stream, 1000, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
    for (const auto& count : visits) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelFor, OfNothingDoesNothing) {
  Stream stream = Stream::cpu(2);
  parallel_for(stream, 0, [](std::int64_t) { ADD_FAILURE() << "no index to visit"; });
}

TEST(ParallelFor, ThrowsWhatABodyThrew) {
  for (const int num_threads : {1, 2}) {
    Stream stream = Stream::cpu(num_threads);
    EXPECT_THROW(parallel_for(stream, 100,
                              [](std::int64_t i) {
                                if (i == 57) throw std::out_of_range("57");
                              }),
                 std::out_of_range);
  }
}

TEST(ParallelFor, NestsInsideABody) {
  Stream stream = Stream::cpu(2);
  std::atomic<int> visits = 0;
  parallel_for(stream, 10,
               [&](std::int64_t) { parallel_for(stream, 10, [&](std::int64_t) { ++visits; }); });
  EXPECT_EQ(visits, 100);
}

}  // namespace stream_test
}  // namespace switchyard
