#include "experts/shard.h"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/random.h"

namespace switchyard {
namespace shard_test {

constexpr std::int64_t hidden = 32, inner = 48;

// One expert's shard, fed some segments of rows; row values depend on the row's `id` alone.
struct Fed {
  Stream stream;
  Params params;
  Placement placement{3, 1};
  ExpertShard shard{params, "layer0", placement, 0, {hidden, inner, 0.2, 0.2}};
  Arena arena;
  Tensor rows, out, d_rows;

  Fed(const std::vector<Segment>& segments, const std::vector<std::int64_t>& first_id,
      int threads = 1)
      : stream(Stream::cpu(threads)) {
    params.allocate({.format = fixed_point_for(1024, 8)});
    params.initialize(5);
    params.zero_gradients(stream);
    const std::int64_t count = segments.back().end();
    rows = arena.take({count, hidden});
    out = arena.take({count, hidden});
    d_rows = arena.take({count, hidden});
    std::memset(rows.data, 0, static_cast<std::size_t>(rows.bytes()));
    for (std::size_t s = 0; s < segments.size(); ++s) {
      for (std::int64_t r = 0; r < segments[s].rows; ++r)
        fill(segments[s].begin + r, first_id[s] + r);
    }
    const Ffn::Saved saved = Ffn::take(arena, count, inner);
    shard.forward(params, segments, rows, saved, out, stream);
    const Tensor d_out = arena.take({count, hidden});
    std::memcpy(d_out.data, rows.data, static_cast<std::size_t>(rows.bytes()));
    shard.backward(params, segments, rows, saved, d_out, d_rows, stream);
  }

  void fill(std::int64_t row, std::int64_t id) {
    const Random random(9, Purpose::init, static_cast<std::uint64_t>(id));
    for (std::int64_t i = 0; i < hidden; ++i) {
      rows.as<float>()[row * hidden + i] =
          static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    }
  }

  std::vector<float> gradient(const std::string& name) {
    std::vector<float> values(hidden * inner);
    params.read_gradient(params.find(name), tensor_of(values.data(), {std::ssize(values)}), stream);
    return values;
  }
};

// The exact mode's premise: what becomes of a segment does not depend on who else is there.
TEST(ExpertShard, SegmentGivesTheSameBitsAloneAndBesideOthers) {
  const Fed alone({{1, 0, 21}}, {100});
  const Fed beside({{0, 0, 5}, {1, 5, 90}, {1, 95, 21}, {2, 116, 1}}, {0, 200, 100, 90});
  EXPECT_EQ(
      std::memcmp(alone.out.data, beside.out.row_range(95, 116).data, 21 * hidden * sizeof(float)),
      0);
  EXPECT_EQ(std::memcmp(alone.d_rows.data, beside.d_rows.row_range(95, 116).data,
                        21 * hidden * sizeof(float)),
            0);
}

TEST(ExpertShard, OrderOfSegmentsDoesNotChangeAGradientBit) {
  Fed forth({{0, 0, 30}, {0, 30, 7}, {0, 37, 16}}, {0, 200, 400});
  Fed back({{0, 0, 16}, {0, 16, 7}, {0, 23, 30}}, {400, 200, 0});
  for (const char* part : {"gate", "up", "down"}) {
    const std::string name = std::string("layer0.expert0.") + part;
    EXPECT_EQ(forth.gradient(name), back.gradient(name));
  }
}

// Expert 0 has rows for all threads, experts 1 and 2 a thread each.
TEST(ExpertShard, ThreadsDoNotChangeABit) {
  const std::vector<Segment> segments = {{0, 0, 300}, {1, 300, 7}, {1, 307, 70}, {2, 377, 5}};
  const std::vector<std::int64_t> ids = {0, 400, 500, 600};
  Fed one(segments, ids, 1);
  for (int turn = 0; turn < 5; ++turn) {
    Fed two(segments, ids, 2);
    for (const auto& [a, b] : {std::pair{one.out, two.out}, {one.d_rows, two.d_rows}})
      EXPECT_EQ(std::memcmp(a.data, b.data, static_cast<std::size_t>(a.bytes())), 0);
    for (const int expert : {0, 1, 2}) {
      const std::string name = fmt::format("layer0.expert{}.up", expert);
      EXPECT_EQ(one.gradient(name), two.gradient(name));
    }
  }
}

TEST(ExpertShard, ExpertWithoutRowsGetsNoGradient) {
  Fed fed({{0, 0, 30}, {1, 30, 0}, {2, 30, 3}}, {0, 0, 60});
  for (const float g : fed.gradient("layer0.expert1.up")) EXPECT_EQ(g, 0.0F);
  EXPECT_NE(fed.gradient("layer0.expert2.up"), std::vector<float>(hidden * inner, 0.0F));
}

TEST(ExpertShard, HostsOnlyItsOwnExperts) {
  Params params;
  const ExpertShard shard(params, "layer4", Placement(5, 2), 1, {hidden, inner, 0.2, 0.2});
  EXPECT_LT(params.find("layer4.expert2.up"), 0);
  EXPECT_GE(params.find("layer4.expert3.up"), 0);
  EXPECT_GE(params.find("layer4.expert4.down"), 0);
}

}  // namespace shard_test
}  // namespace switchyard
