#include "io/transform/unit_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "io/checkpoint/checkpoint_format.h"

namespace switchyard {
namespace {

constexpr std::int64_t smallest_unit = std::int64_t{1} << 18;  // elements: a chunk of f32
constexpr std::int64_t elements_in_memory = std::int64_t{1} << 24;
constexpr std::int64_t small_part = smallest_unit / 4;
constexpr std::size_t num_slots = 3;

bool passes_bytes(const TensorPlan& plan, const TensorPart& part, ModelSources sources) {
  if (!part.op->copies()) return false;
  const auto& [source, name] = std::pair(sources[part.inputs[0].source], part.inputs[0].name);
  return !source->format(name) && source->dtype(name) == plan.tensor.dtype;
}

// How many elements of a part are read at once: a chunk of the narrowest input, which stays in a
// core's cache from the read to the write, and fewer of many inputs. With runs, as many as fit into
// a unit with what lies between them, but at least one.
std::int64_t at_once(const TensorPart& part, ModelSources sources) {
  std::int64_t unit = smallest_unit;
  for (const PartInput& input : part.inputs) {
    const CheckpointReader& source = *sources[input.source];
    const std::int64_t bytes = source.format(input.name) ? 1 : bytes_of(source.dtype(input.name));
    unit = std::max(unit, checkpoint_chunk_bytes / bytes);
  }
  const std::int64_t many =
      elements_in_memory / static_cast<std::int64_t>(num_slots * std::max(part.inputs.size(), 1UL));
  while (unit > std::max(many, smallest_unit)) unit /= 2;
  std::int64_t elements = unit;
  for (const PartInput& input : part.inputs) {
    if (input.run > 0)
      elements = std::min(elements, std::max(input.run, unit / input.stride * input.run));
  }
  return std::max(part.step, elements / part.step * part.step);
}

}  // namespace

struct UnitStream::Place {
  const TensorPart* part;
  std::int64_t begin, size;
  std::size_t pass, num_passes;  // several for the only unit of a tensor
  bool first, last, as_bytes;
};

// The elements around what was read last: small parts, as rows of a router, lie side by side.
struct UnitStream::Window {
  const CheckpointReader* source = nullptr;
  std::string name;
  std::int64_t begin = 0;
  std::vector<float> values;

  void read(const CheckpointReader& from, const std::string& tensor, std::int64_t first,
            std::span<float> out) {
    const std::int64_t end = first + std::ssize(out), start = first / smallest_unit * smallest_unit;
    if (end > start + smallest_unit) return from.read_part(tensor, first, out);
    if (source != &from || name != tensor || begin != start || values.empty()) {
      values.clear();  // so that a failed read leaves nothing
      std::vector<float> next(
          static_cast<std::size_t>(std::min(smallest_unit, from.shape(tensor).size() - start)));
      from.read_part(tensor, start, next);
      values = std::move(next);
      source = &from;
      name = tensor;
      begin = start;
    }
    std::copy_n(values.begin() + (first - begin), out.size(), out.begin());
  }
};

// The memory of a unit, kept for the next ones.
struct UnitStream::Slot {
  ReadUnit read;
  std::vector<std::vector<float>> values;
  std::vector<std::byte> bytes;
  std::vector<float> between;  // from the first run to the end of the last

  void fill(const Place& place, ModelSources sources, std::vector<Window>& windows) {
    const std::vector<PartInput>& inputs = place.part->inputs;
    const auto size = static_cast<std::size_t>(place.size);
    read.part = place.part;
    read.unit = {{}, place.begin, size};
    read.bytes = {};
    if (place.as_bytes) return fill_bytes(place, *sources[inputs[0].source]);
    values.resize(std::max(values.size(), inputs.size()));
    windows.resize(std::max(windows.size(), inputs.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (values[i].size() < size) values[i].resize(size);
      const std::span out = std::span(values[i]).first(size);
      const CheckpointReader& source = *sources[inputs[i].source];
      if (inputs[i].run == 0 && place.part->size < small_part) {
        windows[i].read(source, inputs[i].name, inputs[i].begin + place.begin, out);
      } else {
        fill_values(inputs[i], source, place.begin, out);
      }
      read.unit.inputs.emplace_back(out);
    }
  }

 private:
  void fill_values(const PartInput& input, const CheckpointReader& source, std::int64_t begin,
                   std::span<float> out) {
    if (input.run == 0) return source.read_part(input.name, input.begin + begin, out);
    const std::int64_t num_runs = std::ssize(out) / input.run;  // a unit has whole runs
    between.resize(static_cast<std::size_t>((num_runs - 1) * input.stride + input.run));
    source.read_part(input.name, input.begin + begin / input.run * input.stride, between);
    for (std::int64_t i = 0; i < num_runs; ++i)
      std::copy_n(between.begin() + i * input.stride, input.run, out.begin() + i * input.run);
  }

  void fill_bytes(const Place& place, const CheckpointReader& source) {
    const PartInput& input = place.part->inputs[0];
    const auto count = static_cast<std::size_t>(place.size * bytes_of(source.dtype(input.name)));
    if (bytes.size() < count) bytes.resize(count);
    const std::span out = std::span(bytes).first(count);
    source.read_bytes(input.name, input.begin + place.begin, out);
    read.bytes = out;
  }
};

UnitStream::UnitStream(const std::vector<const TensorPlan*>& passes, ModelSources sources)
    : sources_(sources), slots_(num_slots) {
  for (std::size_t pass = 0; pass < passes.size(); ++pass) {
    const TensorPlan& plan = *passes[pass];
    const bool again = pass > 0 && passes[pass - 1] == &plan && !places_.empty();
    if (again && places_.back().first && places_.back().last) {  // its only unit
      ++places_.back().num_passes;
      continue;
    }
    const std::size_t begin = places_.size();
    for (const TensorPart& part : plan.parts) {
      const std::int64_t elements = at_once(part, sources);
      const bool as_bytes = !plan.counting && part.size >= small_part &&
                            passes_bytes(plan, part, sources) && part.inputs[0].run == 0;
      for (std::int64_t first = 0; first < part.size; first += elements)
        places_.push_back(
            {&part, first, std::min(elements, part.size - first), pass, 1, false, false, as_bytes});
    }
    if (places_.size() == begin) continue;
    places_[begin].first = true;
    places_.back().last = true;
  }
  reader_ = std::thread([this] { read_all(); });
}

UnitStream::~UnitStream() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  reader_.join();
}

void UnitStream::read_all() {
  std::vector<Window> windows;  // of each input
  for (std::size_t i = 0; i < places_.size() && wait_for_slot(i); ++i) {
    std::exception_ptr error;
    try {
      slots_[i % num_slots].fill(places_[i], sources_, windows);
    } catch (...) {
      error = std::current_exception();
    }
    publish(i, error);
    if (error) return;
  }
}

bool UnitStream::wait_for_slot(std::size_t place) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || place < num_used_ + num_slots; });
  return !stopped_;
}

void UnitStream::publish(std::size_t place, std::exception_ptr error) {
  {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(error);
    num_read_ = place + 1;
  }
  changed_.notify_all();
}

const ReadUnit* UnitStream::next() {
  if (repeated_ > 0 && repeated_ == places_[at_].num_passes) {
    ++at_;
    repeated_ = 0;
  }
  if (at_ == places_.size()) return nullptr;
  const Place& place = places_[at_];
  if (repeated_ == 0) {
    std::unique_lock lock(mutex_);
    num_used_ = at_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return num_read_ > at_; });
    if (error_ && num_read_ == at_ + 1) std::rethrow_exception(error_);
  }
  ReadUnit& read = slots_[at_ % num_slots].read;
  read.pass = place.pass + repeated_++;
  read.first = place.first;
  read.last = place.last;
  return &read;
}

}  // namespace switchyard
