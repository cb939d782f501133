#include "launch/bench/step_bench.h"

#include <algorithm>
#include <optional>

#include "launch/bench/exchange_bed.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/figures/bench_model.h"
#include "launch/bench/routing_times.h"
#include "router/math.h"
#include "runtime/comm/counts.h"
#include "runtime/random.h"
#include "train/step/trainer.h"

namespace switchyard::bench {
namespace {

// A made-up micro-batch of one rank.
struct StepTokens {
  std::vector<std::int32_t> tokens, positions;
  Batch batch;

  StepTokens(std::int64_t count, int rank) {
    const Random random(1, Purpose::data_order, static_cast<std::uint64_t>(rank));
    for (std::int64_t i = 0; i < count; ++i) {
      tokens.push_back(static_cast<std::int32_t>(random.uniform(static_cast<std::uint64_t>(i)) *
                                                 step_vocabulary));
      positions.push_back(static_cast<std::int32_t>(i));
    }
    batch = {rank,
             1,
             count,
             tensor_of(tokens.data(), {count}),
             tensor_of(tokens.data(), {count}),
             tensor_of(positions.data(), {count})};
  }
};

// Gives the gates a workload's choices, drawn before the clock starts, and counts what they take.
class WorkloadTape : public RoutingTape {
 public:
  // draw: empty if the gates choose.
  WorkloadTape(Draw draw, const RoutingCase& what, int num_layers, Comm& experts)
      : draw_(std::move(draw)),
        placement_(what.experts, experts.size()),
        experts_(experts),
        drawn_(to_index(num_layers)),
        rows_(to_index(num_layers) * to_index(experts.size())) {}

  void draw(std::int64_t iteration) {
    std::fill(rows_.begin(), rows_.end(), 0);
    const std::int64_t num_layers = std::ssize(drawn_);
    for (std::int64_t layer = 0; draw_ && layer < num_layers; ++layer)
      drawn_[to_index(layer)] = draw_(experts_.rank(), iteration * num_layers + layer).expert;
  }

  bool replay(const Batch& /*batch*/, int layer, Tensor expert) override {
    if (!draw_) return false;
    std::copy_n(drawn_[to_index(layer)].data(), expert.size(), expert.as<std::int32_t>());
    return true;
  }

  void record(const Batch& /*batch*/, int layer, Tensor expert) override {
    const auto* chosen = expert.as<std::int32_t>();
    std::int64_t* rows = rows_.data() + std::int64_t{layer} * experts_.size();
    for (std::int64_t i = 0; i < expert.size(); ++i)
      if (chosen[i] >= 0) ++rows[placement_.rank_of(chosen[i])];
  }

  // Collective over the expert group. Rows of the last iteration, over its layers.
  struct Received {
    std::int64_t mine = 0;     // by this rank's experts
    std::int64_t fullest = 0;  // by the fullest rank of each layer
  };
  Received received() {
    Stream host = Stream::cpu(1);
    experts_.all_reduce(tensor_of(rows_.data(), {std::ssize(rows_)}), Reduce::sum, host);
    Received received;
    for (auto layer = rows_.begin(); layer != rows_.end(); layer += experts_.size()) {
      received.mine += layer[experts_.rank()];
      received.fullest += *std::max_element(layer, layer + experts_.size());
    }
    return received;
  }

 private:
  Draw draw_;
  Placement placement_;
  Comm& experts_;
  std::vector<std::vector<std::int32_t>> drawn_;  // of each layer, [tokens, k]
  std::vector<std::int64_t> rows_;                // [layers, ranks of the group]
};

// The ranks of the benchmark at work on steps of one case.
class StepTestBed {
 public:
  StepTestBed(const RoutingCase& what, const RoutingSweep& sweep, BenchRanks& ranks, Stream& stream)
      : stream_(stream),
        group_(step_group(what, sweep, ranks.world.size())),
        mesh_(make_mesh(ranks.world.split(0, ranks.world.rank()), group_)),
        model_config_(bench_model(what, sweep)),
        tape_(what.workload == "model" ? Draw() : draw_of(what, sweep, ranks, group_), what,
              model_config_.num_layers, *mesh_.experts),
        tokens_of_step_(what.tokens * ranks.world.size()),
        model_(model_config_, router_config(what, sweep),
               {.vocabulary = step_vocabulary,
                .sequence_length = what.tokens,
                .exact = true,
                .step_tokens = tokens_of_step_,
                .num_micro_batches = ranks.world.size(),
                .tape = &tape_,
                .device = stream.device()},
               mesh_),
        trainer_(model_, mesh_, {}, stream),
        tokens_(what.tokens, ranks.world.rank()) {
    trainer_.initialize();
  }

  void run(int i) {
    trainer_.step(i, {tokens_of_step_, std::span(&tokens_.batch, 1)});
    stream_.synchronize();
  }

  int group() const { return group_; }
  int num_layers() const { return model_config_.num_layers; }
  std::int64_t tokens_of_step() const { return tokens_of_step_; }
  WorkloadTape& tape() { return tape_; }

 private:
  Stream& stream_;
  int group_;
  Mesh mesh_;
  ModelConfig model_config_;
  WorkloadTape tape_;
  std::int64_t tokens_of_step_;
  Transformer model_;
  Trainer trainer_;
  StepTokens tokens_;
};

}  // namespace

RoutingResult measure_step(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                           BenchRanks& ranks, Stream& stream) {
  Comm& world = ranks.world;
  StepTestBed bed(what, sweep, ranks, stream);
  RoutingResult result = result_of(what, ranks);
  result.group = bed.group();
  const Legs legs = legs_of(what.mode);
  std::vector<Traffic> traffic;
  std::int64_t rows = 0;
  Trace trace;
  stream.set_trace(&trace);
  const std::vector<Lap> laps = run_laps(
      world, sweep.warm_up, sweep.iterations, &trace,
      {.setup = [&](int i) { bed.tape().draw(std::int64_t{repeat} * sweep.iterations + i); },
       .work = [&](int i) { bed.run(i); },
       .after =
           [&](int) {
             const WorkloadTape::Received received = bed.tape().received();
             rows += received.mine;
             traffic.push_back({.tokens = bed.tokens_of_step(),
                                .logical_bytes = bed.tokens_of_step() * what.top_k * what.hidden *
                                                 4 * bed.num_layers() *
                                                 (legs.dispatches + legs.combines),
                                .max_rows = reduce_one(world, received.fullest, Reduce::max)});
           }});
  stream.set_trace(nullptr);
  add_laps(laps, result);
  for (std::size_t i = 0; i < traffic.size(); ++i) result.iterations[i].traffic = traffic[i];
  std::vector<std::int64_t> of_all(to_index(world.size()));
  Stream host = Stream::cpu(1);
  world.all_gather(tensor_of(&rows, {1}), tensor_of(of_all.data(), {std::ssize(of_all)}), host);
  for (std::size_t rank = 0; rank < of_all.size(); ++rank)
    result.of_ranks[rank].rows = static_cast<double>(of_all[rank]);
  return result;
}

}  // namespace switchyard::bench
