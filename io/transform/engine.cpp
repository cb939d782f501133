#include "io/transform/engine.h"

#include <algorithm>
#include <map>

#include "io/model_folder/deal.h"
#include "io/transform/unit_stream.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Progress = std::function<void(std::int64_t, std::int64_t)>;

// The countings that several tensors share, in the order of the plans.
std::vector<Counting*> shared_countings(const std::vector<TensorPlan>& plans) {
  std::map<Counting*, int> users;
  std::vector<Counting*> shared;
  for (const TensorPlan& plan : plans) {
    if (plan.counting && ++users[plan.counting.get()] == 2) shared.push_back(plan.counting.get());
  }
  return shared;
}

class Run {
 public:
  Run(const std::vector<TensorPlan>& plans, ModelSources sources, TensorSink& sink, Comm& world,
      const Progress& progress)
      : plans_(plans),
        sources_(sources),
        sink_(sink),
        world_(world),
        progress_(progress),
        shared_(shared_countings(plans)) {
    for (const std::size_t i : sink.mine()) {
      const int passes = plans[i].counting ? plans[i].counting->num_passes() : 0;
      for (const TensorPart& part : plans[i].parts) total_ += (passes + 1) * part.size;
    }
  }

  void count_shared() {
    for (Counting* const counting : shared_) {
      for (auto counters = counting->next_pass(); !counters.empty();
           counters = counting->next_pass()) {
        agree(world_, [&] {
          for (const std::size_t i : sink_.mine()) {
            if (plans_[i].counting.get() == counting) count(plans_[i]);
          }
        });
        Stream stream = Stream::cpu(1);
        world_.all_reduce(tensor_of(counters.data(), {std::ssize(counters)}), Reduce::sum, stream);
        counting->end_pass();
      }
    }
  }

  void make() {
    for (const std::size_t i : sink_.mine()) {
      const TensorPlan& plan = plans_[i];
      if (plan.counting && !is_shared(*plan.counting)) {
        while (!plan.counting->next_pass().empty()) {
          count(plan);
          plan.counting->end_pass();
        }
      }
      std::vector<float> out;
      for_each_unit(plan, sources_, [&](const TensorPart& part, const Unit& unit) {
        out.resize(unit.size / static_cast<std::size_t>(part.step) *
                   static_cast<std::size_t>(part.made));
        part.op->apply(unit, out);
        sink_.append(i, out);
        note(unit);
      });
    }
  }

 private:
  bool is_shared(const Counting& counting) const {
    return std::ranges::find(shared_, &counting) != shared_.end();
  }

  void count(const TensorPlan& plan) {
    for_each_unit(plan, sources_, [&](const TensorPart&, const Unit& unit) {
      plan.counting->count(unit);
      note(unit);
    });
  }

  void note(const Unit& unit) {
    done_ += static_cast<std::int64_t>(unit.size);
    if (progress_) progress_(done_, total_);
  }

  const std::vector<TensorPlan>& plans_;
  ModelSources sources_;
  TensorSink& sink_;
  Comm& world_;
  const Progress& progress_;
  std::vector<Counting*> shared_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

std::int64_t TensorPlan::bytes_read(ModelSources sources) const {
  std::int64_t bytes = bytes_read_whole;
  for (const TensorPart& part : parts) {
    for (const PartInput& input : part.inputs) {
      const std::int64_t runs = input.run > 0 ? part.size / input.run : 0;
      const std::int64_t elements = runs > 0 ? (runs - 1) * input.stride + input.run : part.size;
      bytes += elements * bytes_of(sources[input.source]->dtype(input.name));
    }
  }
  return bytes;
}

TransformCost cost_of(const std::vector<TensorPlan>& plans, ModelSources sources, int num_ranks) {
  std::vector<std::int64_t> bytes;
  for (const TensorPlan& plan : plans) bytes.push_back(plan.tensor.bytes());
  const std::vector<int> ranks = deal(bytes, num_ranks);
  TransformCost cost;
  cost.read.resize(static_cast<std::size_t>(num_ranks));
  cost.written.resize(static_cast<std::size_t>(num_ranks));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto rank = static_cast<std::size_t>(ranks[i]);
    const int passes = 1 + (plans[i].counting ? plans[i].counting->num_passes() : 0);
    cost.read[rank] += passes * plans[i].bytes_read(sources);
    cost.written[rank] += bytes[i];
    cost.passes = std::max(cost.passes, passes);
  }
  return cost;
}

void run_plans(const std::vector<TensorPlan>& plans, ModelSources sources, TensorSink& sink,
               Comm& world, const Progress& progress) {
  Run run(plans, sources, sink, world, progress);
  run.count_shared();
  agree(world, [&] { run.make(); });
}

}  // namespace switchyard
