#include "io/transform/engine.h"

#include <algorithm>
#include <map>
#include <utility>

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
        shared_(shared_countings(plans)),
        counted_(dealt_to(tensors_of(plans), world)) {
    for (const std::size_t i : counted_) {
      if (plans[i].counting && is_shared(*plans[i].counting))
        total_ += plans[i].counting->num_passes() * plans[i].tensor.shape.size();
    }
    for (const std::size_t i : sink.mine()) {
      const Counting* const counting = plans[i].counting.get();
      const int passes = counting && !is_shared(*counting) ? counting->num_passes() : 0;
      for (const TensorPart& part : plans[i].parts) total_ += (passes + 1) * part.size;
    }
  }

  void count_shared() {
    for (Counting* const counting : shared_) {
      for (auto counters = counting->next_pass(); !counters.empty();
           counters = counting->next_pass()) {
        agree(world_, [&] { count_all(*counting); });
        Stream stream = Stream::cpu(1);
        world_.all_reduce(tensor_of(counters.data(), {std::ssize(counters)}), Reduce::sum, stream);
        counting->end_pass();
      }
    }
  }

  // The countings of single tensors, each before the tensor is made.
  void make() {
    std::vector<const TensorPlan*> passes;
    std::vector<std::pair<std::size_t, bool>> what;  // which plan, and whether it is made
    for (const std::size_t i : sink_.mine()) {
      const Counting* const counting = plans_[i].counting.get();
      const int counts = counting && !is_shared(*counting) ? counting->num_passes() : 0;
      for (int pass = 0; pass <= counts; ++pass) {
        passes.push_back(&plans_[i]);
        what.emplace_back(i, pass == counts);
      }
    }
    UnitStream units(passes, sources_);
    while (const ReadUnit* const read = units.next()) {
      const auto [i, made] = what[read->pass];
      if (made) {
        put(i, *read);
      } else {
        count(*plans_[i].counting, *read);
      }
      note(read->unit);
    }
  }

 private:
  bool is_shared(const Counting& counting) const {
    return std::ranges::find(shared_, &counting) != shared_.end();
  }

  void count_all(Counting& counting) {
    std::vector<const TensorPlan*> passes;
    for (const std::size_t i : counted_) {
      if (plans_[i].counting.get() == &counting) passes.push_back(&plans_[i]);
    }
    UnitStream units(passes, sources_);
    while (const ReadUnit* const read = units.next()) {
      counting.count(read->unit);
      note(read->unit);
    }
  }

  static void count(Counting& counting, const ReadUnit& read) {
    if (read.first) counting.next_pass();
    counting.count(read.unit);
    if (read.last) counting.end_pass();
  }

  void put(std::size_t i, const ReadUnit& read) {
    if (!read.bytes.empty()) return sink_.append_bytes(i, read.bytes);
    if (read.part->op->copies()) return sink_.append(i, read.unit.inputs[0]);
    const std::size_t made = read.unit.size / static_cast<std::size_t>(read.part->step) *
                             static_cast<std::size_t>(read.part->made);
    out_.resize(std::max(out_.size(), made));
    const std::span out = std::span(out_).first(made);
    read.part->op->apply(read.unit, out);
    sink_.append(i, out);
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
  std::vector<std::size_t> counted_;  // plans whose shared countings this rank feeds: also of
                                      // tensors that the sink has already
  std::int64_t done_ = 0, total_ = 0;
  std::vector<float> out_;
};

}  // namespace

std::vector<ModelTensor> tensors_of(const std::vector<TensorPlan>& plans) {
  std::vector<ModelTensor> tensors;
  for (const TensorPlan& plan : plans) tensors.push_back(plan.tensor);
  return tensors;
}

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
