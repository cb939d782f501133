#include "tests/slow_comm.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/rank_test.h"

namespace switchyard {
namespace slow_comm_test {

using std::chrono::seconds;

struct SlowWorld {
  explicit SlowWorld(double bytes_per_second = 1e15)
      : link(std::make_shared<Link>(bytes_per_second)),
        comm(std::make_unique<SlowComm>(test_world().split(0, test_world().rank()), link)),
        size(comm->size()),
        rank(comm->rank()) {}

  std::vector<std::int64_t> numbers(std::int64_t count) const {
    return std::vector<std::int64_t>(static_cast<std::size_t>(count), rank + 1);
  }
  std::int64_t sum_of_ranks() const { return std::int64_t{size} * (size + 1) / 2; }

  std::shared_ptr<Link> link;
  std::unique_ptr<SlowComm> comm;
  int size, rank;
  Stream stream = Stream::cpu(1);
};

TEST(Link, TransfersPassOneAfterTheOther) {
  Link link(50.0);
  const Link::Clock::time_point start{};
  EXPECT_EQ(link.pass(100, start), start + seconds(2));
  EXPECT_EQ(link.pass(100, start + seconds(1)), start + seconds(4));   // waits for the first
  EXPECT_EQ(link.pass(50, start + seconds(10)), start + seconds(11));  // finds the link free
  EXPECT_EQ(link.pass(0, start + seconds(20)), start + seconds(20));
  EXPECT_EQ(link.bytes(), 250);
}

TEST(SlowComm, PartsAreSummedAndCountedOnce) {
  SlowWorld world;
  // Rank r owns r + 1 elements.
  std::vector<std::int64_t> sizes;
  for (int rank = 0; rank < world.size; ++rank) sizes.push_back(rank + 1);
  const std::int64_t all = world.sum_of_ranks(), own = world.rank + 1;
  const std::int64_t travel = 8 * std::max(all - own, own * (world.size - 1));
  std::vector<std::int64_t> values = world.numbers(all);

  world.comm->reduce_scatter_parts(tensor_of(values.data(), {all}), sizes, world.stream);
  const std::int64_t begin = own * (own - 1) / 2;
  for (std::int64_t i = begin; i < begin + own; ++i)
    EXPECT_EQ(values[static_cast<std::size_t>(i)], world.sum_of_ranks());
  EXPECT_EQ(world.link->bytes(), travel);

  world.comm->all_gather_parts(tensor_of(values.data(), {all}), sizes, world.stream);
  for (const std::int64_t value : values) EXPECT_EQ(value, world.sum_of_ranks());
  EXPECT_EQ(world.link->bytes(), 2 * travel);
}

TEST(SlowComm, RowsForOneselfDoNotTravel) {
  SlowWorld world;
  const std::vector<std::int64_t> one(static_cast<std::size_t>(world.size), 1);
  std::vector<std::int64_t> out = world.numbers(2 * world.size),
                            in(static_cast<std::size_t>(2 * world.size));
  const Tensor leaving = tensor_of(out.data(), {world.size, 2}),
               arriving = tensor_of(in.data(), {world.size, 2});
  world.comm->all_to_all_rows(leaving, one, arriving, one, world.stream);
  for (int from = 0; from < world.size; ++from)
    EXPECT_EQ(in[static_cast<std::size_t>(2 * from)], from + 1);
  EXPECT_EQ(world.link->bytes(), 16 * (world.size - 1));

  const auto pending = world.comm->start_exchange_rows(leaving, one, arriving, one);
  while (!pending->arrived()) {
  }
  EXPECT_EQ(world.link->bytes(), 32 * (world.size - 1));
}

TEST(SlowComm, GroupsShareItsLink) {
  SlowWorld world;
  const std::unique_ptr<Comm> beside = world.comm->split(0, world.rank);
  std::vector<std::int64_t> mine = world.numbers(4);
  beside->all_reduce(tensor_of(mine.data(), {4}), Reduce::sum, world.stream);
  EXPECT_EQ(mine[0], world.sum_of_ranks());
  EXPECT_EQ(world.link->bytes(), 2 * 32 * (world.size - 1) / world.size);
}

// Of a link that 8 bytes take 20 ms: never early, however late the machine is.
TEST(SlowComm, NothingArrivesBeforeTheLinkLetsIt) {
  const SlowWorld world(400.0);
  SlowComm& comm = *world.comm;
  Stream stream = Stream::cpu(1);
  const auto expect_passed = [&] { EXPECT_GE(Link::Clock::now(), world.link->pass(0, {})); };
  std::vector<std::int64_t> out = world.numbers(world.size), in(out);
  const std::vector<std::int64_t> one(out.size(), 1);
  comm.reduce_scatter_parts(tensor_of(out.data(), {world.size}), one, stream);
  expect_passed();
  const auto pending = comm.start_exchange_rows(tensor_of(out.data(), {world.size, 1}), one,
                                                tensor_of(in.data(), {world.size, 1}), one);
  while (!pending->arrived()) {
  }
  expect_passed();
}

}  // namespace slow_comm_test
}  // namespace switchyard
