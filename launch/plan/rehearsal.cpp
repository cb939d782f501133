#include "launch/plan/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "io/loader/loader.h"
#include "io/text/amount.h"
#include "io/text/byte_size.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/machine/machine_memory.h"
#include "launch/machine/process_memory.h"
#include "launch/plan/assumptions.h"
#include "launch/plan/machine_limits.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/replica_rates.h"
#include "launch/plan/size_check.h"
#include "runtime/comm/agree.h"
#include "runtime/device/trace.h"
#include "runtime/random.h"
#include "train/step/trainer.h"

namespace switchyard::plan {
namespace {

constexpr int max_steps = 9, min_steps = 3;
constexpr double enough_seconds = 6.0;
constexpr std::int64_t max_reduced_elements = std::int64_t{1} << 23;

// Full rows of random tokens, each a document.
class MadeUpTokens {
 public:
  MadeUpTokens(const Config& config, std::int64_t vocabulary, const Comm& world)
      : each_(config.train.micro_batch_size * config.data.sequence_length) {
    const std::int64_t rounds =
        config.train.global_batch_size / config.train.micro_batch_size / world.size();
    tokens_.resize(static_cast<std::size_t>(rounds * each_));
    positions_.resize(tokens_.size());
    const Random random(1, Purpose::sampling, static_cast<std::uint64_t>(world.rank()));
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      tokens_[i] = static_cast<std::int32_t>(random.uniform(i) * static_cast<double>(vocabulary));
      positions_[i] =
          static_cast<std::int32_t>(static_cast<std::int64_t>(i) % config.data.sequence_length);
    }
    for (std::int64_t round = 0; round < rounds; ++round) {
      std::int32_t* tokens = tokens_.data() + round * each_;
      batches_.push_back({round * world.size() + world.rank(), config.train.micro_batch_size,
                          config.data.sequence_length, tensor_of(tokens, {each_}),
                          tensor_of(tokens, {each_}),
                          tensor_of(positions_.data() + round * each_, {each_})});
    }
    loss_tokens_ = config.train.global_batch_size * config.data.sequence_length;
  }
  StepData data() const { return {loss_tokens_, batches_}; }

 private:
  std::int64_t each_, loss_tokens_ = 0;
  std::vector<std::int32_t> tokens_, positions_;
  std::vector<Batch> batches_;
};

// Whether the run's own rows can be packed in a moment.
bool has_rows(const TokenStore& store) {
  constexpr std::int64_t max_documents = std::int64_t{1} << 22;
  return store.has_split("train") && store.num_documents("train") <= max_documents;
}

// What the steps train on: rows of the run's dataset, so that experts get as unequal shares as in
// the run and rows hold as short documents; without one, tokens that are made up.
class RehearsalData {
 public:
  // Collective. store: nullptr without a dataset. Errors: agreed.
  RehearsalData(const Config& config, std::int64_t vocabulary, const TokenStore* store,
                Comm& world) {
    if (store == nullptr || !has_rows(*store)) {
      made_up_.emplace(config, vocabulary, world);
      return;
    }
    agree(world, [&] {
      loader_.emplace(*store, std::filesystem::path(), "train",
                      loader_layout(config, *store, world));
    });
  }
  StepData step(int step) { return made_up_ ? made_up_->data() : loader_->step(step); }

 private:
  std::optional<MadeUpTokens> made_up_;
  std::optional<Loader> loader_;
};

// Collective. Returns the seconds of each part in each step, on this rank.
std::map<std::string, std::vector<double>> time_steps(Trainer& trainer, RehearsalData& data,
                                                      Comm& world, const Tell& tell) {
  Trace trace;
  std::map<std::string, std::vector<double>> seconds;
  const auto begin = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  tell("the first step of the rehearsal", Stage::next);
  trainer.step(0, data.step(0));
  trainer.stream().set_trace(&trace);
  for (int step = 1; step <= max_steps; ++step) {
    if (step > min_steps && reduce_one(world, spent(), Reduce::max) > enough_seconds) break;
    trace.clear();
    tell(fmt::format("step {} of {} to {} of the rehearsal", step, min_steps, max_steps),
         Stage::same);
    trainer.step(step, data.step(step));
    for (const auto& [part, of_part] : trace.seconds())
      seconds[std::string(part)].push_back(of_part);
  }
  trainer.stream().set_trace(nullptr);
  return seconds;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

// The run's own sizes on the ranks at hand, in micro-batches of the rehearsal.
RunShape whole_shape(const Config& config, const Config& cut, std::int64_t vocabulary, int threads,
                     const Comm& world) {
  Config whole = cut;
  whole.model = config.model;
  whole.router = config.router;
  whole.train.freeze = config.train.freeze;
  return run_shape(whole, vocabulary, world.size(), world.size(), threads);
}

// A part in which ranks meet once a step: at its rate alone, and with the wait that is left.
void use_rate_alone(const std::string& part, double amount, double alone, Rates& rates) {
  const auto rehearsed = rates.parts.find(part);
  if (rehearsed == rates.parts.end() || alone == 0.0) return;
  const double wait = amount / rehearsed->second - amount / alone;
  if (wait > 0.0) rates.waits[part] = wait;
  rehearsed->second = alone;
}

// Returns how many experts, over all layers, an expert group has memory for in a rehearsal.
int fitting_experts(const Config& config, int num_ranks) {
  const ModelConfig& model = config.model;
  constexpr std::int64_t max_elements = std::int64_t{1}
                                        << 26;  // of a rank: 4 bytes each as f32, and 8 bytes twice
  const std::int64_t of_rank = std::clamp<std::int64_t>(
      max_elements / std::max<std::int64_t>(1, 3 * model.hidden * model.expert_hidden), 1, 1 << 20);
  const int degree = choose_expert_degree(config.parallel.experts, num_ranks,
                                          std::max(1, model.num_experts), /*flexible=*/true)
                         .degree;
  return static_cast<int>(std::min<std::int64_t>(of_rank * degree, 1 << 30));
}

}  // namespace

Config rehearsal_config(const Config& config, int num_ranks) {
  Config cut = config;
  ModelConfig& model = cut.model;
  const int asked_experts = model.num_experts;
  cut.parallel.elastic = true;  // a run on other ranks may have another degree
  const int fitting = fitting_experts(config, num_ranks);
  model.num_experts =
      std::max(std::min(asked_experts, fitting), std::min(asked_experts, cut.router.top_k));
  if (model.num_experts < asked_experts) cut.router.extra_copies = 0;
  const auto num_dense = static_cast<int>(num_dense_layers(model));
  const bool has_dense = num_dense > 0;
  const int kept = std::clamp(fitting / std::max(1, asked_experts), 2, 8);
  model.num_layers = (has_dense ? 1 : 0) + std::min(kept, model.num_layers - num_dense);
  model.dense_layers.clear();
  if (has_dense) model.dense_layers = {0};
  if (!model.window_layers.empty()) {
    std::erase_if(model.window_layers,
                  [&](std::int64_t layer) { return layer >= model.num_layers; });
    if (model.window_layers.empty()) model.window = 0;  // an empty list would mean every layer
  }
  model.mtp_depth = 0;       // modules are made of the same parts
  cut.train.freeze.clear();  // it may name layers that were cut off
  model.adapter.rank = 0;    // so may its targets; products are measured by their FLOPs
  if (model.low_rank.rank > 0) {
    model.low_rank.layers.clear();
    for (int layer = 0; layer < model.num_layers; ++layer) model.low_rank.layers.push_back(layer);
  }
  cut.train.recompute_layers = config.train.recompute_layers > 0 ? model.num_layers : 0;
  const std::int64_t micro_batches = config.train.global_batch_size / config.train.micro_batch_size;
  const std::int64_t rounds = std::clamp<std::int64_t>(micro_batches / num_ranks, 1, 2);
  cut.train.global_batch_size = rounds * num_ranks * config.train.micro_batch_size;
  cut.router.groups = cut.router.groups_per_token = 1;
  cut.router.group_experts.clear();
  cut.train.batch_ramp.clear();
  cut.guard = {};  // as the rehearsal's trainer has it
  cut.router.record = cut.router.replay = "";
  cut.run.device = Device::Kind::cpu;
  cut.train.islands = {};
  return cut;
}

std::string too_large_to_rehearse(const Config& config, std::int64_t vocabulary, int threads,
                                  Comm& world) {
  const Config cut = rehearsal_config(config, world.size());
  const RunShape shape = run_shape(cut, vocabulary, world.size(), world.size(), threads);
  const std::int64_t here = world.split_node()->size();
  const std::int64_t needed = here * total_bytes(memory_plan(shape, program_bytes({})));
  const std::int64_t missing = reduce_one(world, needed - memory_left().bytes, Reduce::max);
  if (missing <= 0) return "";
  return fmt::format(
      "measuring the rates at the run's own widths, sequence length and micro-batch needs {} on "
      "this "
      "machine, {} more than it has left: use --rates with a file that another machine or a "
      "smaller "
      "config wrote with --save-rates",
      bytes_in_words(needed), bytes_in_words(missing));
}

Rates rehearse(const Config& config, std::int64_t vocabulary, const TokenStore* store, int threads,
               Comm& world, const Tell& tell) {
  const Config cut = rehearsal_config(config, world.size());
  const RunShape shape = run_shape(cut, vocabulary, world.size(), world.size(), threads);
  Stream stream = Stream::cpu(threads);
  Rates rates;
  tell("measuring the limits of this machine", Stage::next);
  rates.limits = measure_limits(world, stream);
  tell(fmt::format("making a model of {} parameters for the rehearsal",
                   amount_in_words(static_cast<double>(shape.total_elements()))),
       Stage::next);
  Mesh mesh = make_mesh(world.split(0, world.rank()), shape.expert_degree);
  const ReplicaRates alone = measure_replica_rates(
      whole_shape(config, cut, vocabulary, threads, world), max_reduced_elements, mesh, stream);
  RehearsalData data(cut, vocabulary, store, world);
  Transformer model(cut.model, cut.router, model_options(cut, vocabulary, Device::cpu()), mesh);
  Trainer trainer(model, mesh, cut.train, stream);
  trainer.initialize();
  const auto seconds = time_steps(trainer, data, world, tell);
  for (const PartWork& work : step_work(shape)) {
    const auto found = seconds.find(work.part);
    const double mine = found == seconds.end() ? 0.0 : median(found->second);
    const double mean = reduce_one(world, mine, Reduce::sum) / world.size();
    if (mean > 0.0 && work.amount > 0.0) rates.parts[work.part] = work.amount / mean;
  }
  const Traffic traffic = step_traffic(shape);
  use_rate_alone("reduce", traffic.gradients, alone.reduce, rates);
  use_rate_alone("gather", traffic.values, alone.gather, rates);
  const std::int64_t counted = model.params().bytes() + model.activation_memory().held;
  rates.program_bytes = static_cast<double>(
      reduce_one(world, anonymous_bytes() + shared_bytes() - counted, Reduce::max));
  const std::int64_t first_of_node = mesh.node->rank() == 0 ? 1 : 0;
  rates.origin = {world.size(), static_cast<int>(reduce_one(world, first_of_node, Reduce::sum)),
                  sizes_of_rates(cut, shape)};
  return rates;
}

}  // namespace switchyard::plan
