// Rows that travel to experts and back: planned, packed, moved, summed.
#include "bench/gpu_rows.h"
#include "router/gate/gate_ops.h"
#include "router/payload.h"
#include "router/row_ops.h"

namespace switchyard {
namespace {

// The tokens of a micro-batch, and their choices' rows.
struct RowTensors {
  std::int64_t tokens, hidden, k, slots;
  Buffer x, out, rows, more_rows, token_of_slot, slot_of_choice, weight;

  explicit RowTensors(const Gpu& gpu)
      : tokens(gpu.sizes().tokens),
        hidden(gpu.sizes().hidden),
        k(gpu.sizes().top_k),
        slots(tokens * k),
        x(gpu.normals({tokens, hidden})),
        out(gpu.empty({tokens, hidden})),
        rows(gpu.empty({slots, hidden})),
        more_rows(gpu.empty({slots, hidden})),
        token_of_slot(gpu.counting(slots, tokens, 7919)),
        slot_of_choice(gpu.counting(slots, slots, 7919)),
        weight(gpu.normals({tokens, k})) {}

  Tensor slot() const { return slot_of_choice.tensor().view({tokens, k}); }
  double bytes() const { return static_cast<double>(rows.tensor().bytes()); }
  double index_bytes() const { return static_cast<double>(slot_of_choice.tensor().bytes()); }
};

void measure_plan(Gpu& gpu, Roofline& roofline, const RowTensors& of) {
  RowOps& ops = RowOps::on(gpu.device());
  Stream& stream = gpu.stream();
  const std::int64_t experts = gpu.sizes().experts;
  const Buffer counts = gpu.empty({1, 2, experts}, DType::i64),
               chosen = gpu.counting(of.slots, experts, 7), copy = gpu.counting(experts, experts),
               tokens = gpu.empty({of.slots}, DType::i32),
               slots = gpu.empty({of.tokens, of.k}, DType::i32);
  const Tensor choice = chosen.tensor().view({of.tokens, of.k});
  roofline.bytes("plan: count", of.index_bytes(),
                 [&] { GateOps::on(gpu.device()).count_choices(choice, counts, stream); });
  roofline.bytes("plan: sort", 3 * of.index_bytes(),
                 [&] { ops.sort_choices(choice, copy, experts, tokens, slots, stream); });
  std::vector<std::int32_t> runs;  // an expert's rows, one after another
  const auto each = static_cast<std::int32_t>(of.slots / experts);
  for (std::int32_t e = 0; e < experts; ++e) runs.insert(runs.end(), {e * each, each, e * each});
  const Buffer table = gpu.filled(runs, {experts, 3});
  roofline.bytes("plan: number rows", of.index_bytes(),
                 [&] { ops.number_rows(table, tokens, stream); });
  const Buffer placed = gpu.empty({of.slots});
  roofline.bytes("plan: place weights", 3 * of.index_bytes(),
                 [&] { ops.place_choices(of.weight, of.slot(), placed, stream); });
}

void measure_payloads(Gpu& gpu, Roofline& roofline, const RowTensors& of) {
  for (const auto& [payload, name] : {std::pair{Payload::f32, "pack rows, f32"},
                                      {Payload::bf16, "pack rows, bf16"},
                                      {Payload::int8, "pack rows, int8"}}) {
    const Buffer packed = gpu.empty({of.slots, payload_row_bytes(payload, of.hidden)}, DType::u8);
    const double bytes = of.bytes() + static_cast<double>(packed.tensor().bytes());
    roofline.bytes(name, bytes, [&, payload = payload] {
      pack_rows(payload, of.x, of.token_of_slot, packed, gpu.stream());
    });
    roofline.bytes("unpack them", bytes, [&, payload = payload] {
      unpack_rows(payload, packed, Tensor{}, Tensor{}, of.rows, of.slot_of_choice, gpu.stream());
    });
  }
}

void measure_moves(Gpu& gpu, Roofline& roofline, const RowTensors& of) {
  RowOps& ops = RowOps::on(gpu.device());
  Stream& stream = gpu.stream();
  const double of_tokens = static_cast<double>(of.x.tensor().bytes());
  roofline.bytes("gather rows", 2 * of.bytes() + of.index_bytes(),
                 [&] { ops.gather_rows(of.rows, of.slot_of_choice, of.more_rows, stream); });
  roofline.bytes("scatter rows", 2 * of.bytes() + of.index_bytes(),
                 [&] { ops.scatter_rows(of.rows, of.slot_of_choice, of.more_rows, stream); });
  roofline.bytes("sum choices", of.bytes() + of_tokens,
                 [&] { ops.sum_choices(of.rows, of.weight, of.slot(), of.out, stream); });
  roofline.bytes("dot choices", of.bytes() + of_tokens,
                 [&] { ops.dot_choices(of.x, of.rows, of.slot(), of.weight, stream); });
}

}  // namespace

void measure_routing(Gpu& gpu, Roofline& roofline) {
  const RowTensors of(gpu);
  measure_plan(gpu, roofline, of);
  measure_payloads(gpu, roofline, of);
  measure_moves(gpu, roofline, of);
}

}  // namespace switchyard
