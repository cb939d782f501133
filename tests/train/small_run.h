// A small MoE training run on made-up tokens, on any communicator: what the tests of the trainer
// compare.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "runtime/comm/device_comm.h"
#include "runtime/device/host_access.h"
#include "runtime/random.h"
#include "train/matrix/matrix_state.h"
#include "train/step/guide.h"
#include "train/step/trainer.h"

namespace switchyard {

struct SmallConfig {
  ModelConfig model{.hidden = 32,
                    .num_layers = 2,
                    .num_heads = 4,
                    .num_kv_heads = 2,
                    .head_dim = 16,
                    .dense_layers = {0},
                    .ffn_hidden = 48,
                    .num_experts = 5,
                    .expert_hidden = 40,
                    .shared_expert_hidden = 24,
                    .init_std = 0.15};
  RouterConfig router{};
  GuardConfig guard{};
  TrainConfig train{.steps = 8,
                    .seed = 11,
                    .exact = true,
                    .global_batch_size = 16,
                    .micro_batch_size = 2,
                    .learning_rate = 1e-2,
                    .warmup_steps = 2};
  std::int64_t vocabulary = 50, sequence_length = 24;
  int threads = 1;
  bool zero_routers = false;         // every token ties
  std::int64_t rebalance_every = 0;  // steps; 0: experts stay
  Device device{};
  std::int64_t recompute_layers = 0;
  bool draw_weights = true;  // false: the test loads them
  std::int64_t steps_done = 0;

  std::int64_t num_micro_batches() const {
    return train.global_batch_size / train.micro_batch_size;
  }
};

// The share of a rank of an island in a step whose tokens are a function of (step, micro-batch)
// alone, with documents that start at random places.
class SmallData {
 public:
  SmallData(const SmallConfig& config, int rank, int num_ranks, int island = 0)
      : config_(config), rank_(rank), num_ranks_(num_ranks), island_(island) {}

  StepData step(std::int64_t step) {
    const std::int64_t each = config_.train.micro_batch_size * config_.sequence_length;
    const std::int64_t total = config_.num_micro_batches() / config_.train.islands.count,
                       rounds = (total + num_ranks_ - 1) / num_ranks_;
    batches_.clear();
    memory_.assign(static_cast<std::size_t>(rounds * each * 3), 0);
    for (std::int64_t round = 0; round < rounds; ++round) {
      const std::int64_t index = round * num_ranks_ + rank_;
      Batch batch;
      if (index < total)
        batch = fill(step, island_ * total + index, memory_.data() + round * each * 3);
      batches_.push_back(batch);
    }
    return {total * each, batches_, 0, config_.num_micro_batches() * each};
  }

 private:
  Batch fill(std::int64_t step, std::int64_t index, std::int32_t* memory) const {
    const std::int64_t sequences = config_.train.micro_batch_size, length = config_.sequence_length;
    const std::int64_t count = sequences * length;
    const Random random(77, Purpose::data_order, static_cast<std::uint64_t>(step * 1000 + index));
    for (std::int64_t i = 0; i < count; ++i) {
      const auto draw = [&](std::int64_t n) {
        return random.uniform(static_cast<std::uint64_t>(3 * i + n));
      };
      memory[i] =
          static_cast<std::int32_t>(draw(0) * draw(0) * static_cast<double>(config_.vocabulary));
      memory[count + i] =
          (memory[i] * 7 + 3) % static_cast<std::int32_t>(config_.vocabulary);  // can be learned
      const bool starts = i % length == 0 || draw(2) < 0.1;
      memory[2 * count + i] = starts ? 0 : memory[2 * count + i - 1] + 1;
    }
    return {index,
            sequences,
            length,
            tensor_of(memory, {count}),
            tensor_of(memory + count, {count}),
            tensor_of(memory + 2 * count, {count})};
  }

  const SmallConfig& config_;
  int rank_, num_ranks_, island_;
  std::vector<std::int32_t> memory_;
  std::vector<Batch> batches_;
};

class SmallRun {
 public:
  // Collective over `world`, which has all islands.
  SmallRun(const SmallConfig& config, std::unique_ptr<Comm> world, int expert_degree,
           RoutingTape* tape = nullptr)
      : config_(config),
        stream_(config.device == Device::cpu() ? Stream::cpu(config.threads)
                                               : Stream::cuda(config.device)),
        mesh_(mesh_in(std::move(world), config, expert_degree)),
        model_(config.model, config.router,
               {config.vocabulary, config.sequence_length, config.train.exact,
                config.train.global_batch_size * config.sequence_length, config.num_micro_batches(),
                static_cast<std::uint64_t>(config.train.seed), tape, /*watch=*/nullptr,
                product_precision(config.train), moments_dtype(config.train), config.device,
                config.recompute_layers, 0.0, ParamUse::training, config.train.freeze,
                is_guided(config.model, config.train, config.steps_done), /*formats=*/{},
                matrix_states(config.train), config.train.mtp_weight},
               mesh_),
        trainer_(model_, mesh_, config.train, stream_, config.guard),
        data_(config_, mesh_.world->rank(), mesh_.world->size(), mesh_.island()) {
    if (config.draw_weights) trainer_.initialize();
    const Params& params = model_.params();
    for (ParamId id = 0; config.zero_routers && id < params.num_params(); ++id) {
      const bool router = params.spec(id).name.ends_with(".router");
      if (router)
        std::memset(params.value(id).data, 0, static_cast<std::size_t>(params.value(id).bytes()));
    }
  }

  StepReport step(std::int64_t step) {
    const StepReport report = trainer_.step(step, data_.step(step));
    if (config_.rebalance_every > 0 && (step + 1) % config_.rebalance_every == 0)
      placements_.push_back(trainer_.rebalance());
    return report;
  }
  const std::vector<PlacementReport>& placements() const { return placements_; }
  std::vector<double> losses(std::int64_t first, std::int64_t end) {
    std::vector<double> losses;
    for (std::int64_t i = first; i < end; ++i) losses.push_back(step(i).loss);
    return losses;
  }

  // Of every tensor of the model by global name, moments included; the same on any layout.
  std::int64_t state_hash() {
    std::int64_t sum = 0;
    const OwnedState state = trainer_.owned_state();
    for (const auto& [name, tensor] : state.tensors) {
      std::uint64_t hash = 0xcbf29ce484222325ULL;
      for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
      std::vector<std::uint32_t> words(static_cast<std::size_t>(tensor.bytes() / 4));
      stream_.synchronize();
      read_now(tensor, words.data());
      for (const std::uint32_t bits : words) hash = (hash ^ bits) * 0x100000001b3ULL;
      sum += static_cast<std::int64_t>(hash >> 8);
    }
    return reduce_one(mesh_.job(), sum, Reduce::sum);
  }

  Trainer& trainer() { return trainer_; }
  Transformer& model() { return model_; }
  Mesh& mesh() { return mesh_; }
  Stream& stream() { return stream_; }
  SmallData& data() { return data_; }

 private:
  static Mesh mesh_in(std::unique_ptr<Comm> job, const SmallConfig& config, int expert_degree) {
    const int count = config.train.islands.count;
    std::unique_ptr<Comm> island =
        job->split(island_of(job->rank(), job->size(), count), job->rank());
    Mesh mesh = make_mesh(make_device_world(std::move(island), config.device).comm, expert_degree);
    if (count > 1) join_islands(mesh, std::move(job), count);
    return mesh;
  }

  SmallConfig config_;
  Stream stream_;
  Mesh mesh_;
  Transformer model_;
  Trainer trainer_;
  SmallData data_;
  std::vector<PlacementReport> placements_;
};

}  // namespace switchyard
