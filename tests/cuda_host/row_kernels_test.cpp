// Kernels that move rows and count choices against their CPU twins.
#include "router/gate/gate_ops.h"
#include "router/row_ops.h"
#include "tests/cuda_host/pair.h"

namespace switchyard {
namespace row_kernels_test {

constexpr double tolerance = 2e-5;

// A permutation of [0, count).
Pair shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int32_t> order;
  const Permutation permutation(static_cast<std::uint64_t>(std::max<std::int64_t>(1, count)), seed,
                                0);
  for (std::int64_t i = 0; i < count; ++i)
    order.push_back(static_cast<std::int32_t>(permutation(static_cast<std::uint64_t>(i))));
  return Pair::of(order, {count});
}

TEST(RowKernels, RowsMove) {
  for (const auto& [rows, cols] : {std::pair{0, 8}, {1, 1}, {37, 12}, {10, 517}}) {
    const Pair in = Pair::normals({rows, cols}, 1), index = shuffled(rows, 2),
               gathered({rows, cols}), scattered({rows, cols}),
               half_empty = Pair::normals({rows, cols}, 3);
    on_both([&](Device on, Stream& stream) {
      RowOps::on(on).gather_rows(in.on(on), index.on(on), gathered.on(on), stream);
      RowOps::on(on).scatter_rows(in.on(on), index.on(on), scattered.on(on), stream);
      RowOps::on(on).zero_rows(index.on(on).range(0, rows / 2), half_empty.on(on), stream);
    });
    expect_same<float>(gathered);
    expect_same<float>(scattered);
    expect_same<float>(half_empty);
  }
}

// Slots of all choices but every fifth, which was dropped; copies are in another order than
// experts.
TEST(RowKernels, ChoicesAreCountedAndSorted) {
  for (const auto& [tokens, k, experts] :
       {std::tuple{1, 1, 1}, {50, 3, 7}, {3000, 2, 300}, {16, 8, 8}}) {
    Pair expert = Pair::integers({tokens, k}, 1, 0, experts);
    auto* choice = expert.host().as<std::int32_t>();
    std::int64_t num_slots = 0;
    for (std::int64_t i = 0; i < tokens * k; ++i) {
      if (i % 5 == 3) choice[i] = ~choice[i];
      num_slots += choice[i] >= 0;
    }
    expert.upload();
    const Pair copy = shuffled(experts, 4), token_of_slot({num_slots}, DType::i32),
               slot_of_choice({tokens, k}, DType::i32), counts({1, 2, experts}, DType::i64);
    on_both([&](Device on, Stream& stream) {
      GateOps::on(on).count_choices(expert.on(on), counts.on(on), stream);
      RowOps::on(on).sort_choices(expert.on(on), copy.on(on), experts, token_of_slot.on(on),
                                  slot_of_choice.on(on), stream);
    });
    expect_same<std::int64_t>(counts);
    expect_same<std::int32_t>(token_of_slot);
    expect_same<std::int32_t>(slot_of_choice);
  }
}

TEST(RowKernels, RowsAreNumberedByRun) {
  const std::vector<std::int32_t> runs = {0, 3, 16, 3, 0, 32, 3, 200, 0, 203, 1, 32};
  const Pair of = Pair::of(runs, {4, 3}), row({204}, DType::i32);
  on_both([&](Device on, Stream& stream) {
    RowOps::on(on).number_rows(of.on(on), row.on(on), stream);
  });
  expect_same<std::int32_t>(row);
  EXPECT_EQ(row.host().as<std::int32_t>()[203], 32);
}

TEST(RowKernels, ChoicesArePlacedSummedAndDotted) {
  for (const auto& [tokens, k, cols] : {std::tuple{0, 2, 8}, {1, 1, 3}, {50, 3, 132}}) {
    Pair slot = shuffled(tokens * k, 1);
    for (std::int64_t i = 0; i < tokens * k; i += 4)
      slot.host().as<std::int32_t>()[i] = -1;  // dropped
    slot.upload();
    const Shape choices{tokens, k};
    const Pair x = Pair::normals({tokens, cols}, 2), weight = Pair::normals(choices, 3),
               slots = Pair::normals({tokens * k, cols}, 4);
    const Pair sum({tokens, cols}), plain({tokens, cols}), dot(choices),
        placed = Pair::normals({tokens * k}, 5);
    on_both([&](Device on, Stream& stream) {
      RowOps& ops = RowOps::on(on);
      const Tensor slot_of_choice = slot.on(on).view(choices);
      ops.sum_choices(slots.on(on), weight.on(on), slot_of_choice, sum.on(on), stream);
      ops.sum_choices(slots.on(on), {}, slot_of_choice, plain.on(on), stream);
      ops.dot_choices(x.on(on), slots.on(on), slot_of_choice, dot.on(on), stream);
      ops.place_choices(weight.on(on), slot_of_choice, placed.on(on), stream);
    });
    expect_close(sum, 1e-6);
    expect_close(plain, 1e-6);
    expect_close(dot, tolerance);
    expect_same<float>(placed);
  }
}

TEST(RowKernels, PayloadsHaveTheBytesOfTheHost) {
  for (const Payload payload : {Payload::f32, Payload::bf16, Payload::int8}) {
    for (const auto& [rows, hidden] : {std::pair{0, 8}, {1, 1}, {30, 45}, {7, 300}}) {
      Pair in = Pair::normals({rows, hidden}, 1);
      if (rows > 5) in.host().as<float>()[2 * hidden] = INFINITY;
      for (std::int64_t i = 0; i < hidden && rows > 5; ++i)
        in.host().as<float>()[3 * hidden + i] = 1e-41F;
      in.upload();
      const Pair from = shuffled(rows, 2), to = shuffled(rows, 3),
                 weight = Pair::normals({rows}, 4);
      Pair packed = Pair::of(std::vector<std::uint8_t>(static_cast<std::size_t>(
                                 rows * payload_row_bytes(payload, hidden))),
                             {rows, payload_row_bytes(payload, hidden)});
      const Pair out({rows, hidden}), plain({rows, hidden});
      on_both([&](Device on, Stream& stream) {
        pack_rows(payload, in.on(on), from.on(on), packed.on(on), stream);
        unpack_rows(payload, packed.on(on), from.on(on), weight.on(on), out.on(on), to.on(on),
                    stream);
        unpack_rows(payload, packed.on(on), {}, {}, plain.on(on), {}, stream);
      });
      expect_same<std::uint8_t>(packed);
      if (rows <= 5) expect_same<float>(out);
      if (rows <= 5) expect_same<float>(plain);
    }
  }
}

}  // namespace row_kernels_test
}  // namespace switchyard
