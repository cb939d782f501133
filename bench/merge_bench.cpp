// What does merging cost beside reading the models and writing the result?
//   mpirun -n 2 build/release/bench/merge_bench [--folder=build/bench] [--mib=256] [--rounds=3]
//     [--dtype=f32]
// Two models and a base of --mib MiB each, f32 or bf16, in tensors of 4 Mi elements, in the page
// cache. Each round runs every arm once. Rank 0 prints of each arm the best of the rounds, in
// seconds of the slowest rank and in processor seconds of all ranks, and the share of these that
// `copy` takes, times the arm's passes (all but the last of which write nothing):
//   copy      reads all three, checks their hashes, and writes one with its own
//   average, task, dare, ties_tensor, ties_model   the same with the arithmetic of that merge
// and in the end the largest resident memory of a rank.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "io/transform/engine.h"
#include "io/transform/merge_ops.h"
#include "io/transform/ties.h"
#include "runtime/comm/mpi_comm.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t tensor_elements = std::int64_t{4} << 20;

struct Options {
  fs::path folder = "build/bench";
  int mib = 256, rounds = 3;
  DType dtype = DType::f32;
};

std::vector<ModelTensor> tensors_of(const Options& options) {
  std::vector<ModelTensor> tensors;
  const auto mib_of_tensor = static_cast<int>(tensor_elements * bytes_of(options.dtype) >> 20);
  for (int i = 0; i < std::max(1, options.mib / mib_of_tensor); ++i)
    tensors.push_back({"value/t" + std::to_string(i), {tensor_elements}, options.dtype});
  return tensors;
}

void write_model(const fs::path& folder, const Options& options, int model, Comm& world) {
  ModelWriter writer(folder, tensors_of(options), {}, world);
  std::vector<float> values(tensor_elements);
  for (const std::size_t tensor : writer.mine()) {
    const Random random(static_cast<std::uint64_t>(model), Purpose::init, tensor);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Philox bits = random.bits(i);
      values[i] = static_cast<float>(bits[0]) * 0x1p-32F - 0.5F;
    }
    writer.append(tensor, values);
  }
  writer.commit();
}

class Copy final : public UnitOp {
 public:
  void apply(const Unit& unit, std::span<float> out) const override {
    std::ranges::copy(unit.inputs.front(), out.begin());
  }
};

struct Arm {
  const char* name;
  int passes;
  std::function<std::function<void(TensorPlan&)>()> op;  // of a run: fills in the plans of tensors
  double seconds = 1e9, processor = 1e9;                 // the least of the rounds
};

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<Arm> all_arms() {
  const MergeSettings merge{{1, 1}, 0.7, 0.2, true}, sum{{1, 1}, 0.7, 0.2, false};
  const auto fixed = [](std::shared_ptr<const UnitOp> op) {
    return [op] { return [op](TensorPlan& plan) { plan.parts[0].op = op; }; };
  };
  const auto set_ties = [](TensorPlan& plan, const std::shared_ptr<TiesCounting>& counting) {
    plan.parts[0].op = ties_op(counting);
    plan.counting = counting;
  };
  const auto ties_tensor = [=] {
    return [=](TensorPlan& plan) {
      set_ties(plan, std::make_shared<TiesCounting>(merge, TiesOver::tensor));
    };
  };
  const auto ties_model = [=] {
    return [=, shared = std::make_shared<TiesCounting>(merge, TiesOver::model)](TensorPlan& plan) {
      set_ties(plan, shared);
    };
  };
  return {{"copy", 1, fixed(std::make_shared<Copy>())},
          {"average", 1, fixed(average_op({1, 1, 1}))},
          {"task", 1, fixed(task_arithmetic_op(sum))},
          {"dare", 1, fixed(dare_op(sum, false, 1, "t"))},
          {"ties_tensor", 3, ties_tensor},
          {"ties_model", 4, ties_model}};
}

// Collective.
void run_arm(Arm& arm, const Options& options, std::span<const CheckpointReader* const> sources,
             Comm& world) {
  const auto set = arm.op();
  std::vector<TensorPlan> plans;
  for (const ModelTensor& tensor : tensors_of(options)) {
    TensorPlan& plan = plans.emplace_back(TensorPlan{tensor, {}});
    TensorPart& part = plan.parts.emplace_back();
    part.size = tensor_elements;
    for (std::size_t i = 0; i < 3; ++i) part.inputs.push_back({i, tensor.name});
    set(plan);
  }
  world.barrier();
  const auto begin = Clock::now();
  double processor = -processor_seconds();
  {
    ModelWriter writer(options.folder / "made", tensors_of(options), {}, world);
    run_plans(plans, sources, writer, world);
    writer.commit();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  processor += processor_seconds();
  arm.seconds = std::min(arm.seconds, reduce_one(world, seconds, Reduce::max));
  arm.processor = std::min(arm.processor, reduce_one(world, processor, Reduce::sum));
  if (world.rank() == 0) fs::remove_all(options.folder / "made");
  world.barrier();
}

void bench(const Options& options, Comm& world) {
  std::vector<CheckpointReader> readers;
  for (int model = 0; model < 3; ++model) {
    const fs::path folder = options.folder / ("model" + std::to_string(model));
    write_model(folder, options, model, world);
    world.barrier();
    readers.emplace_back(folder);
  }
  std::vector<const CheckpointReader*> sources;
  for (const CheckpointReader& reader : readers) sources.push_back(&reader);

  std::vector<Arm> arms = all_arms();
  for (int round = 0; round < options.rounds; ++round) {
    for (Arm& arm : arms) run_arm(arm, options, sources, world);
  }
  for (const Arm& arm : arms) {
    if (world.rank() == 0)
      std::printf("%-12s %7.3f s  %.2f   %7.3f processor s  %.2f   of %d copies\n", arm.name,
                  arm.seconds, arm.passes * arms[0].seconds / arm.seconds, arm.processor,
                  arm.passes * arms[0].processor / arm.processor, arm.passes);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const std::int64_t most = reduce_one(world, std::int64_t{usage.ru_maxrss}, Reduce::max);
  if (world.rank() == 0) std::printf("resident %lld MiB\n", static_cast<long long>(most / 1024));
  world.barrier();
  if (world.rank() == 0) fs::remove_all(options.folder);
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  switchyard::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = argument.substr(argument.find('=') + 1);
    if (argument.starts_with("--folder=")) options.folder = value;
    if (argument.starts_with("--mib=")) options.mib = std::atoi(value.c_str());
    if (argument.starts_with("--rounds=")) options.rounds = std::atoi(value.c_str());
    if (argument == "--dtype=bf16") options.dtype = switchyard::DType::bf16;
  }
  const switchyard::MpiSession session(&argc, &argv);
  const auto world = session.world();
  switchyard::bench(options, *world);
}
