// Every test runs on the world of this program and, in each rank, on the single-rank Comm.
#include "runtime/comm/comm.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/rank_test.h"

namespace switchyard {
namespace comm_test {

enum class Kind { world, single };

class CommTest : public testing::TestWithParam<Kind> {
 protected:
  Comm& comm() { return GetParam() == Kind::world ? test_world() : *single_; }
  int rank() { return comm().rank(); }
  int size() { return comm().size(); }

  template <class T>
  Tensor tensor(std::vector<T>& values) {
    return tensor_of(values.data(), {std::ssize(values)});
  }

  Stream stream_ = Stream::cpu(1);

 private:
  std::unique_ptr<Comm> single_ = make_single_comm();
};

INSTANTIATE_TEST_SUITE_P(Kinds, CommTest, testing::Values(Kind::world, Kind::single),
                         [](const auto& kind) {
                           return kind.param == Kind::world ? "World" : "Single";
                         });

TEST_P(CommTest, RankIsInsideSize) {
  EXPECT_GE(rank(), 0);
  EXPECT_LT(rank(), size());
}

TEST_P(CommTest, AllReduceSums) {
  std::vector<float> x = {1.0F, static_cast<float>(rank())};
  comm().all_reduce(tensor(x), Reduce::sum, stream_);
  EXPECT_EQ(x, (std::vector<float>{static_cast<float>(size()),
                                   static_cast<float>(size() * (size() - 1) / 2)}));
}

TEST_P(CommTest, AllReduceSumsEveryElementType) {
  std::vector<double> f64 = {0.5};
  std::vector<std::int32_t> i32 = {-2};
  std::vector<std::int64_t> i64 = {std::int64_t{1} << 40};
  std::vector<std::uint8_t> u8 = {3};
  comm().all_reduce(tensor(f64), Reduce::sum, stream_);
  comm().all_reduce(tensor(i32), Reduce::sum, stream_);
  comm().all_reduce(tensor(i64), Reduce::sum, stream_);
  comm().all_reduce(tensor(u8), Reduce::sum, stream_);
  EXPECT_EQ(f64[0], 0.5 * size());
  EXPECT_EQ(i32[0], -2 * size());
  EXPECT_EQ(i64[0], (std::int64_t{1} << 40) * size());
  EXPECT_EQ(u8[0], 3 * size());
}

TEST_P(CommTest, AllReduceFindsMinAndMax) {
  std::vector<double> low = {rank() - 1.5}, high = {rank() - 1.5};
  comm().all_reduce(tensor(low), Reduce::min, stream_);
  comm().all_reduce(tensor(high), Reduce::max, stream_);
  EXPECT_EQ(low[0], -1.5);
  EXPECT_EQ(high[0], size() - 2.5);
}

TEST_P(CommTest, AllReduceOrsBits) {
  std::vector<std::uint8_t> bits = {static_cast<std::uint8_t>(1U << rank()), 0};
  comm().all_reduce(tensor(bits), Reduce::bit_or, stream_);
  EXPECT_EQ(bits[0], (1U << size()) - 1);
  EXPECT_EQ(bits[1], 0);
}

// Uneven parts: none for rank 0, and more than one message for the last.
std::vector<std::int64_t> uneven_parts(int num_ranks) {
  std::vector<std::int64_t> sizes;
  for (int rank = 0; rank < num_ranks; ++rank) sizes.push_back(rank == 0 ? 0 : 3 + rank);
  sizes.back() = 300'000;
  return sizes;
}

TEST_P(CommTest, ReduceScatterGivesEachRankTheSumOfItsPart) {
  const std::vector<std::int64_t> sizes = uneven_parts(size());
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  std::vector<std::int64_t> x(static_cast<std::size_t>(total));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = (std::int64_t{1} << 40) * rank() + static_cast<std::int64_t>(i);
  comm().reduce_scatter_parts(tensor(x), sizes, stream_);
  const std::int64_t begin =
      std::accumulate(sizes.begin(), sizes.begin() + rank(), std::int64_t{0});
  std::int64_t wrong = 0;
  for (std::int64_t i = begin; i < begin + sizes[static_cast<std::size_t>(rank())]; ++i) {
    const std::int64_t ranks = size();
    wrong += x[static_cast<std::size_t>(i)] !=
             (std::int64_t{1} << 40) * (ranks * (ranks - 1) / 2) + ranks * i;
  }
  EXPECT_EQ(wrong, 0);
}

TEST_P(CommTest, AllGatherOfPartsGivesEachRankAllOfThem) {
  const std::vector<std::int64_t> sizes = uneven_parts(size());
  std::vector<float> x, expected;
  for (int part = 0; part < size(); ++part) {
    for (std::int64_t i = 0; i < sizes[static_cast<std::size_t>(part)]; ++i) {
      expected.push_back(static_cast<float>(1000 * part + i % 997));
      x.push_back(part == rank() ? expected.back() : -1.0F);
    }
  }
  comm().all_gather_parts(tensor(x), sizes, stream_);
  EXPECT_EQ(x, expected);
}

TEST_P(CommTest, BroadcastComesFromEveryRoot) {
  for (int root = 0; root < size(); ++root) {
    std::vector<std::int64_t> x = {10 + rank(), 20 + rank()};
    comm().broadcast(tensor(x), root, stream_);
    EXPECT_EQ(x, (std::vector<std::int64_t>{10 + root, 20 + root}));
  }
}

TEST_P(CommTest, AllGatherIsInRankOrder) {
  std::vector<std::int32_t> in = {rank(), -rank()}, out(2 * static_cast<std::size_t>(size()));
  comm().all_gather(tensor(in), tensor(out), stream_);
  for (int peer = 0; peer < size(); ++peer) {
    EXPECT_EQ(out[2 * peer], peer);
    EXPECT_EQ(out[2 * peer + 1], -peer);
  }
}

TEST_P(CommTest, AllGatherRefusesAnOutputThatDoesNotFit) {
  std::vector<std::int32_t> in(2), out(2 * static_cast<std::size_t>(size()) + 1);
  EXPECT_THROW(comm().all_gather(tensor(in), tensor(out), stream_), Error);
}

TEST_P(CommTest, EmptyTensorsTakePartInEverything) {
  const std::vector<std::int64_t> none(static_cast<std::size_t>(size()));
  comm().all_reduce(Tensor{}, Reduce::sum, stream_);
  comm().broadcast(Tensor{}, 0, stream_);
  comm().all_gather(Tensor{}, Tensor{}, stream_);
  comm().all_to_all_rows(Tensor{}, none, Tensor{}, none, stream_);
  comm().barrier();
  EXPECT_EQ(reduce_one(comm(), std::int64_t{1}, Reduce::sum), size()) << "still in step";
}

// How many rows rank `from` sends to rank `to`: uneven, and none on some pairs.
std::int64_t num_rows(int from, int to) { return (from * 3 + to * 2) % 4; }

// The element of row `row` of those rows.
template <class T>
T element(int from, int to, std::int64_t row, std::int64_t col) {
  return static_cast<T>(100 * from + 40 * to + 10 * row + col);
}

template <class T>
void exchange_rows(Comm& comm, Stream& stream, std::int64_t cols) {
  std::vector<std::int64_t> send, recv;
  std::vector<T> in, expected;
  for (int peer = 0; peer < comm.size(); ++peer) {
    send.push_back(num_rows(comm.rank(), peer));
    recv.push_back(num_rows(peer, comm.rank()));
    for (std::int64_t row = 0; row < send.back(); ++row) {
      for (std::int64_t c = 0; c < cols; ++c) in.push_back(element<T>(comm.rank(), peer, row, c));
    }
    for (std::int64_t row = 0; row < recv.back(); ++row) {
      for (std::int64_t c = 0; c < cols; ++c) {
        expected.push_back(element<T>(peer, comm.rank(), row, c));
      }
    }
  }
  std::vector<T> out(expected.size());
  const std::int64_t num_sent = std::accumulate(send.begin(), send.end(), std::int64_t{0});
  const std::int64_t num_received = std::accumulate(recv.begin(), recv.end(), std::int64_t{0});
  comm.all_to_all_rows(tensor_of(in.data(), {num_sent, cols}), send,
                       tensor_of(out.data(), {num_received, cols}), recv, stream);
  EXPECT_EQ(out, expected);
}

TEST_P(CommTest, RowsArriveInSourceOrder) { exchange_rows<float>(comm(), stream_, 5); }
TEST_P(CommTest, RowsMayBeLongIntegers) { exchange_rows<std::int64_t>(comm(), stream_, 2); }
TEST_P(CommTest, RowsMayBeBytes) { exchange_rows<std::uint8_t>(comm(), stream_, 1); }
TEST_P(CommTest, RowsMayHaveNoColumns) { exchange_rows<float>(comm(), stream_, 0); }

TEST_P(CommTest, RowsForOthersArriveWithAndWithoutWaiting) {
  const std::vector<std::int64_t> two(static_cast<std::size_t>(size()), 2);
  std::vector<std::int32_t> in, out(2 * static_cast<std::size_t>(size())), expected;
  for (int peer = 0; peer < size(); ++peer) {
    for (int row = 0; row < 2; ++row) {
      in.push_back(100 * rank() + 10 * peer + row);
      expected.push_back(100 * peer + 10 * rank() + row);
    }
  }
  const auto pending = comm().start_exchange_rows(tensor(in).view({2 * size(), 1}), two,
                                                  tensor(out).view({2 * size(), 1}), two);
  while (!pending->arrived()) {
  }
  for (const int mine : {2 * rank(), 2 * rank() + 1}) out[mine] = expected[mine];
  EXPECT_EQ(out, expected);

  std::fill(out.begin(), out.end(), 0);
  comm().exchange_rows(tensor(in).view({2 * size(), 1}), two, tensor(out).view({2 * size(), 1}),
                       two, stream_);
  for (const int mine : {2 * rank(), 2 * rank() + 1}) out[mine] = expected[mine];
  EXPECT_EQ(out, expected);
}

TEST_P(CommTest, SharedWindowsShowWhatOthersWrote) {
  const auto window = comm().shared_window(3 << 20);
  for (int peer = 0; peer < size(); ++peer)  // rows in it are streamed, and lie across no lines
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(window->part(peer)) % 64, 0U);
  for (int round = 0; round < 3; ++round) {
    window->part(rank())[round << 20] = static_cast<std::byte>(10 * round + rank());
    window->fence();
    for (int peer = 0; peer < size(); ++peer)
      EXPECT_EQ(window->part(peer)[round << 20], static_cast<std::byte>(10 * round + peer));
  }
  window->fence();
}

// Rank 0 alone sends, to the last rank alone.
TEST_P(CommTest, RanksWithNothingPassEmptyTensors) {
  const int last = size() - 1;
  std::vector<std::int64_t> send(static_cast<std::size_t>(size())), recv = send;
  std::vector<float> in = {1.0F, 2.0F, 3.0F, 4.0F}, out(4);
  if (rank() == 0) send[last] = 2;
  if (rank() == last) recv[0] = 2;
  comm().all_to_all_rows(rank() == 0 ? tensor(in).view({2, 2}) : Tensor{}, send,
                         rank() == last ? tensor(out).view({2, 2}) : Tensor{}, recv, stream_);
  EXPECT_EQ(out, rank() == last ? in : std::vector<float>(4));
}

TEST_P(CommTest, RowCountsMustAddUp) {
  std::vector<float> in(4), out(4);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(size()));
  counts[rank()] = 3;  // of 2 rows
  EXPECT_THROW(comm().all_to_all_rows(tensor(in).view({2, 2}), counts, tensor(out).view({2, 2}),
                                      counts, stream_),
               Error);
}

TEST_P(CommTest, RowsKeepTheirWidth) {
  std::vector<float> in(6), out(4);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(size()));
  counts[rank()] = 2;
  EXPECT_THROW(comm().all_to_all_rows(tensor(in).view({2, 3}), counts, tensor(out).view({2, 2}),
                                      counts, stream_),
               Error);
}

TEST_P(CommTest, SplitOrdersByKey) {
  const auto odd_and_even = comm().split(rank() % 2, -rank());
  std::vector<int> members;
  for (int peer = size() - 1; peer >= 0; --peer) {
    if (peer % 2 == rank() % 2) members.push_back(peer);
  }
  EXPECT_EQ(odd_and_even->size(), std::ssize(members));
  EXPECT_EQ(members[odd_and_even->rank()], rank());
  const std::int64_t expected = std::accumulate(members.begin(), members.end(), std::int64_t{0});
  EXPECT_EQ(reduce_one(*odd_and_even, std::int64_t{rank()}, Reduce::sum), expected);
}

TEST_P(CommTest, ThisTestRunsOnOneNode) {
  const auto node = comm().split_node();
  EXPECT_EQ(node->size(), size());
  EXPECT_EQ(node->rank(), rank());
}

TEST_P(CommTest, ReduceOneReducesNumbers) {
  EXPECT_EQ(reduce_one(comm(), std::int64_t{rank()}, Reduce::max), size() - 1);
  EXPECT_EQ(reduce_one(comm(), std::int64_t{rank()}, Reduce::min), 0);
  EXPECT_EQ(reduce_one(comm(), 0.25, Reduce::sum), 0.25 * size());
}

}  // namespace comm_test
}  // namespace switchyard
