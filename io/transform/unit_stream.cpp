#include "io/transform/unit_stream.h"

#include <algorithm>
#include <future>
#include <utility>

namespace switchyard {
namespace {

constexpr std::int64_t unit_elements = std::int64_t{1} << 20;

struct Place {
  const TensorPart* part;
  std::int64_t begin, size;
};

// The values of one unit, kept for the next one of the same or a smaller size.
class UnitBuffer {
 public:
  void read(const Place& place, ModelSources sources) {
    const std::vector<PartInput>& inputs = place.part->inputs;
    unit_.begin = place.begin;
    unit_.size = static_cast<std::size_t>(place.size);
    unit_.inputs.clear();
    values_.resize(std::max(values_.size(), inputs.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      values_[i].resize(unit_.size);
      read(inputs[i], *sources[inputs[i].source], place.begin, values_[i]);
      unit_.inputs.emplace_back(values_[i]);
    }
  }
  const Unit& unit() const { return unit_; }

 private:
  void read(const PartInput& input, const CheckpointReader& source, std::int64_t begin,
            std::span<float> out) {
    if (input.run == 0) return source.read_part(input.name, input.begin + begin, out);
    const std::int64_t num_runs = std::ssize(out) / input.run;  // a unit has whole runs
    between_.resize(static_cast<std::size_t>((num_runs - 1) * input.stride + input.run));
    source.read_part(input.name, input.begin + begin / input.run * input.stride, between_);
    for (std::int64_t i = 0; i < num_runs; ++i)
      std::copy_n(between_.begin() + i * input.stride, input.run, out.begin() + i * input.run);
  }

  std::vector<std::vector<float>> values_;
  std::vector<float> between_;  // from the first run to the end of the last
  Unit unit_;
};

// How many elements of a part are read at once: whole steps, and with runs, as many as fit into a
// unit with what lies between them, but at least one.
std::int64_t at_once(const TensorPart& part) {
  std::int64_t elements = unit_elements;
  for (const PartInput& input : part.inputs) {
    if (input.run > 0)
      elements = std::min(elements, std::max(input.run, unit_elements / input.stride * input.run));
  }
  return std::max(part.step, elements / part.step * part.step);
}

std::vector<Place> places_of(const TensorPlan& plan) {
  std::vector<Place> places;
  for (const TensorPart& part : plan.parts) {
    const std::int64_t elements = at_once(part);
    for (std::int64_t begin = 0; begin < part.size; begin += elements)
      places.push_back({&part, begin, std::min(elements, part.size - begin)});
  }
  return places;
}

}  // namespace

void for_each_unit(const TensorPlan& plan, ModelSources sources,
                   const std::function<void(const TensorPart&, const Unit&)>& use) {
  const std::vector<Place> places = places_of(plan);
  UnitBuffer now, next;
  std::future<void> reading;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i == 0) {
      now.read(places[0], sources);
    } else {
      reading.get();
      std::swap(now, next);
    }
    if (i + 1 < places.size()) {
      reading =
          std::async(std::launch::async, [&, place = places[i + 1]] { next.read(place, sources); });
    }
    use(*places[i].part, now.unit());
  }
}

}  // namespace switchyard
