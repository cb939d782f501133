#include "launch/plan/gpu_roofline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "model/blocks/block.h"
#include "model/head/loss_head.h"
#include "model/transformer/flops.h"
#include "runtime/error.h"

namespace switchyard::plan {
namespace {

// The shares of a limit that a part is taken to reach, by reading its kernels; see docs/cuda.md.
struct Share {
  double of_limit;
  const char* why;
};
constexpr Share attention_forward{0.42, "our f32 kernel, without tensor cores"},
    attention_backward{0.33, "our f32 kernels, without tensor cores; seven products"},
    dense_bf16{0.40, "cuBLASLt, f32 out"}, dense_f32{0.70, "cuBLASLt"},
    element_wise{0.60, "kernels of one pass, f32"},
    updates{0.70, "one kernel, a double per element"},
    table_reads{1.0, "the table once for each chunk of logits"},
    on_links{0.55, "rows to and from the other GPUs"},
    sums{0.40, "NCCL's reduce and broadcast of uneven parts"};
constexpr double seconds_of_a_launch = 1e-6, seconds_of_a_wait = 100e-6;
// Of a layer with attention and experts, forward and backward (tests/cuda_host/step).
constexpr double launches_of_a_layer = 126.0, waits_of_a_layer = 1.0;

// A micro-batch on one GPU.
class Work {
 public:
  Work(const RunShape& shape, const Gpu& gpu, double network)
      : shape_(shape), model_(shape.model), gpu_(gpu), network_(network) {
    model_.mtp_depth = shape.mtp_modules;
    for (int layer = 0; layer < num_blocks(model_); ++layer) {
      const double again = layer < shape.recompute_layers ? 1.0 : 0.0;
      scores_ += 2.0 * queries() * attention_terms(model_, layer, shape.sequence_length);
      scores_again_ +=
          again * 2.0 * queries() * attention_terms(model_, layer, shape.sequence_length);
      again_ += again;
      if (!is_dense(model_, layer)) moe_again_ += again;
    }
  }

  Roofline roofline() {
    const double tokens = rounds() * static_cast<double>(shape_.micro_batch_tokens);
    add("scores", WorkUnit::flops, tokens * (scores_ + scores_again_), gpu_.f32, attention_forward);
    add("scores back", WorkUnit::flops, 3.5 * tokens * scores_, gpu_.f32, attention_backward);
    add_products();
    add_table(tokens);
    add("elements", WorkUnit::bytes, tokens * element_bytes(), gpu_.memory, element_wise);
    add_travel();
    line_.rows.push_back(launches());
    add_update();
    line_.peak = shape_.rounded_weights ? gpu_.bf16 : f32_products();
    return std::move(line_);
  }

 private:
  double rounds() const { return static_cast<double>(shape_.rounds); }
  double queries() const { return static_cast<double>(model_.num_heads * model_.head_dim); }
  double layers() const { return static_cast<double>(num_blocks(model_)); }
  double dense() const { return static_cast<double>(num_dense_blocks(model_)); }
  double moe() const { return layers() - dense(); }
  double f32_products() const { return shape_.tf32 ? gpu_.tf32 : gpu_.f32; }

  void add(const char* part, WorkUnit unit, double amount, double limit, const Share& share) {
    line_.rows.push_back({part, unit, amount, limit, share.of_limit, share.why});
  }

  // Of the experts' own kernel.
  Share grouped() const {
    if (shape_.rounded_weights || shape_.tf32)
      return {gpu_.expert_share,
              "our grouped product (mma.sync), f32 out, before its loop was shortened"};
    return {0.42, "our grouped product, fused multiply-adds"};
  }

  // The products that step_work counts. Those of attention include its scores, which have their own
  // kernels.
  void add_products() {
    const double limit = shape_.rounded_weights ? gpu_.bf16 : f32_products();
    const Share library = shape_.rounded_weights ? dense_bf16 : dense_f32;
    const double tokens = rounds() * static_cast<double>(shape_.micro_batch_tokens);
    for (const PartWork& work : step_work(shape_)) {
      if (work.unit != WorkUnit::flops) continue;
      double flops = work.amount;
      if (work.part == "attention") flops -= tokens * (3.0 * scores_ + scores_again_);
      const char* name = work.part == "attention" ? "projections" : work.part.c_str();
      if (work.part == "gate") {
        add(name, work.unit, flops, gpu_.f32, dense_f32);
      } else if (work.part == "experts") {
        add(name, work.unit, flops, limit, grouped());
      } else {
        add(name, work.unit, flops, limit, library);
      }
    }
  }

  // Each chunk of logits reads the table twice and adds to its gradient.
  void add_table(double tokens) {
    const double table = static_cast<double>(shape_.vocabulary * model_.hidden);
    const std::int64_t rows =
        std::min<std::int64_t>(logit_chunk_rows(shape_.vocabulary, Device{Device::Kind::cuda, 0}),
                               shape_.micro_batch_tokens);
    const double chunks = tokens / static_cast<double>(rows);
    const double bytes = 2.0 * (shape_.rounded_weights ? 2.0 : 4.0) + 8.0;
    add("head's table", WorkUnit::bytes, (1 + model_.mtp_depth) * chunks * table * bytes,
        gpu_.memory, table_reads);
  }

  // Bytes that a token's rows are read and written beside the products, all layers.
  double element_bytes() const {
    const double d = 4.0 * static_cast<double>(model_.hidden), q = 4.0 * queries(),
                 k = 4.0 * static_cast<double>(model_.num_kv_heads * model_.head_dim);
    const double choices = static_cast<double>(shape_.router.top_k),
                 inner = 4.0 * static_cast<double>(model_.expert_hidden),
                 shared = 4.0 * static_cast<double>(model_.shared_expert_hidden),
                 ffn = 4.0 * static_cast<double>(model_.ffn_hidden);
    const double swiglu = 3.0 + 5.0;  // reads and writes of a row of the inner size
    const double norms = d * (Block::forward_traffic + Block::backward_traffic);
    const double rotary = (q + k) * (model_.qk_norm == QkNorm::none ? 4.0 : 4.0 + 5.0);
    // Packed and unpacked each way, then summed, as in step_work.
    const double permuted = 16.0 * choices * d;
    // In bf16 each product reads its f32 rows once more and writes half of them.
    const double attention_rounds = 1.5 * (3.0 * d + d + q + q + 2.0 * (q + 2.0 * k)),
                 expert_rounds = 1.5 * choices * (2.0 * d + 2.0 * d + 2.0 * inner + 4.0 * inner);
    const double rounding = shape_.rounded_weights ? 1.0 : 0.0;
    const double of_attention = norms + rotary + rounding * attention_rounds,
                 of_experts =
                     permuted + swiglu * (choices * inner + shared) + rounding * expert_rounds,
                 of_dense = swiglu * ffn + rounding * 1.5 * (4.0 * d + 6.0 * ffn);
    const double forward_share = 1.0 / 3.0;
    return of_attention * (layers() + forward_share * again_) +
           of_experts * (moe() + forward_share * moe_again_) + of_dense * dense();
  }

  void add_travel() {
    const Traffic traffic = step_traffic(shape_);
    const double group = shape_.expert_degree;
    const double on_node = std::min<double>(group, shape_.ranks_per_node);
    const double near = group > 1 ? (on_node - 1) / (group - 1) : 0.0;
    add("rows", WorkUnit::sent, traffic.rows * near, gpu_.link, on_links);
    if (traffic.rows * (1.0 - near) > 0)
      add("rows between nodes", WorkUnit::sent, traffic.rows * (1.0 - near), network_,
          {1.0, "--network"});
    const bool spans = shape_.num_nodes() > 1;
    const double gradients = traffic.gradients + traffic.copies;
    const Share share = spans ? Share{1.0, "--network"} : sums;
    add("reduce", WorkUnit::sent, gradients, spans ? network_ : gpu_.link, share);
    add("gather", WorkUnit::sent, traffic.values, spans ? network_ : gpu_.link, share);
  }

  RooflineRow launches() const {
    const double times = rounds() * (1.0 + again_ / (3.0 * layers()));
    const double seconds = times * (layers() * launches_of_a_layer * seconds_of_a_launch +
                                    moe() * waits_of_a_layer * seconds_of_a_wait);
    return {"launches",
            WorkUnit::choices,
            times * layers() * launches_of_a_layer,
            times * layers() * launches_of_a_layer / seconds,
            1.0,
            "1 us between two kernels, 100 us for a wait of the host"};
  }

  void add_update() {
    const double gradient = shape_.exact ? 8.0 : 4.0;
    const auto held =
        static_cast<double>(shape_.trained_dense_elements() + shape_.trained_expert_elements());
    add("optimizer", WorkUnit::bytes,
        shape_.owned_block_elements() *
            (2.0 * gradient + 8.0 + 4.0 * static_cast<double>(shape_.moment_bytes)),
        gpu_.memory, updates);
    add("zero", WorkUnit::bytes, gradient * held, gpu_.memory, {0.9, "a fill"});
  }

  const RunShape& shape_;
  ModelConfig model_;  // what a step computes of it
  const Gpu& gpu_;
  double network_;
  double scores_ = 0.0, scores_again_ = 0.0;  // FLOPs of a token in all layers, forward
  double again_ = 0.0, moe_again_ = 0.0;      // layers that are computed again
  Roofline line_;
};

}  // namespace

const Gpu& gpu_of(std::string_view name) {
  const auto found =
      std::find_if(gpus.begin(), gpus.end(), [&](const Gpu& gpu) { return gpu.name == name; });
  std::vector<std::string_view> names;
  for (const Gpu& gpu : gpus) names.push_back(gpu.name);
  require(found != gpus.end(), Exit::usage, "--device {}: plan knows the GPUs {}", name,
          fmt::join(names, ", "));
  return *found;
}

double Roofline::step_seconds() const {
  double seconds = 0.0;
  for (const RooflineRow& row : rows) seconds += row.seconds();
  return seconds;
}

double Roofline::flops_share(const RunShape& shape) const {
  RunShape once = shape;
  once.recompute_layers = 0;
  const double flops =
      training_flops_per_token(once) * static_cast<double>(shape.step_tokens) / shape.num_ranks;
  return flops / (step_seconds() * peak);
}

Roofline gpu_roofline(const RunShape& shape, const Gpu& gpu, double network) {
  require(shape.num_nodes() == 1 || network > 0.0, Exit::usage,
          "a run on {} nodes needs --network, the bytes/s that a GPU sends to other nodes, such as "
          "--network 50GB/s for 400 Gbit/s",
          shape.num_nodes());
  return Work(shape, gpu, network).roofline();
}

}  // namespace switchyard::plan
