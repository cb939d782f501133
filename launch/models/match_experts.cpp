#include "launch/models/match_experts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <nlohmann/json.hpp>

#include "launch/models/assignment.h"
#include "launch/models/merge.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/params/param_spec.h"
#include "train/state/state_names.h"

namespace switchyard::models {
namespace {

constexpr std::int64_t block_elements = std::int64_t{1} << 18;
constexpr std::size_t tile_experts = 32;
constexpr double tolerance = 1e-9;  // of equal rows, as copies of an expert have

// In eight sums, so that the bits do not depend on the processor.
SWITCHYARD_MULTIVERSION double dot(const float* a, const float* b, std::size_t count) {
  double sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return std::accumulate(sums, sums + 8, 0.0);
}

// Rows of two models: their products, and with them their cosines.
class Cosines {
 public:
  explicit Cosines(std::size_t n) : n_(n), products_(n * n), a_(n), b_(n) {}

  void add(std::size_t e, std::size_t f, const float* a, const float* b, std::size_t count) {
    products_[e * n_ + f] += dot(a, b, count);
    if (f == 0) a_[e] += dot(a, a, count);
    if (e == 0) b_[f] += dot(b, b, count);
  }
  std::vector<double> values() const {
    std::vector<double> cosines(n_ * n_);
    for (std::size_t i = 0; i < cosines.size(); ++i) {
      const double norm = std::sqrt(a_[i / n_] * b_[i % n_]);
      const double cosine = norm > 0 ? products_[i] / norm : 0.0;
      cosines[i] = std::isfinite(cosine) ? cosine : 0.0;
    }
    return cosines;
  }

 private:
  std::size_t n_;
  std::vector<double> products_, a_, b_;
};

std::vector<float> whole(const CheckpointReader& model, const std::string& name) {
  std::vector<float> values(static_cast<std::size_t>(model.shape(name).size()));
  model.read_part(name, 0, values);
  return values;
}

// The layers with experts, and how many each has.
std::map<std::string, std::size_t> expert_layers(const CheckpointReader& model) {
  std::map<std::string, std::size_t> layers;
  for (const std::string& name : model.names()) {
    if (!name.starts_with(value_prefix) || mtp_module_of_state(name) >= 0) continue;
    const auto part = ExpertPart::of_name(name.substr(value_prefix.size()));
    if (!part) continue;
    std::size_t& count = layers[part->layer];
    count = std::max(count, static_cast<std::size_t>(part->expert) + 1);
  }
  return layers;
}

std::string expert_name(const std::string& layer, std::size_t expert, const char* part) {
  return std::string(value_prefix) + ExpertPart{layer, static_cast<int>(expert), part}.name();
}

using Rows = std::vector<std::vector<float>>;

// Elements [begin, begin + count) of a matrix of some experts.
void read_rows(const CheckpointReader& model, const std::string& layer, const char* part,
               std::size_t first, std::size_t last, std::int64_t begin, std::int64_t count,
               Rows& rows) {
  rows.resize(last - first);
  for (std::size_t e = first; e < last; ++e) {
    rows[e - first].resize(static_cast<std::size_t>(count));
    model.read_part(expert_name(layer, e, part), begin, rows[e - first]);
  }
}

std::vector<double> cosines_of_experts(const CheckpointReader& a, const CheckpointReader& b,
                                       const std::string& layer, std::size_t n) {
  Cosines cosines(n);
  Rows of_a, of_b;
  for (const char* part : {"gate", "up", "down"}) {
    const std::int64_t elements = a.shape(expert_name(layer, 0, part)).size();
    for (std::int64_t begin = 0; begin < elements; begin += block_elements) {
      const std::int64_t count = std::min(block_elements, elements - begin);
      for (std::size_t e = 0; e < n; e += tile_experts) {
        const std::size_t e_end = std::min(n, e + tile_experts);
        read_rows(a, layer, part, e, e_end, begin, count, of_a);
        for (std::size_t f = 0; f < n; f += tile_experts) {
          const std::size_t f_end = std::min(n, f + tile_experts);
          read_rows(b, layer, part, f, f_end, begin, count, of_b);
          for (std::size_t i = e; i < e_end; ++i) {
            for (std::size_t j = f; j < f_end; ++j)
              cosines.add(i, j, of_a[i - e].data(), of_b[j - f].data(), of_a[i - e].size());
          }
        }
      }
    }
  }
  return cosines.values();
}

// The row that fits a place better than its own one; nothing if none does.
std::optional<std::size_t> misplaced(const CheckpointReader& a, const CheckpointReader& b,
                                     const std::string& router) {
  const Shape shape = a.shape(router);
  const auto n = static_cast<std::size_t>(shape[0]), cols = static_cast<std::size_t>(shape[1]);
  const std::vector<float> of_a = whole(a, router), of_b = whole(b, router);
  Cosines cosines(n);
  for (std::size_t e = 0; e < n; ++e) {
    for (std::size_t f = 0; f < n; ++f)
      cosines.add(e, f, of_a.data() + e * cols, of_b.data() + f * cols, cols);
  }
  const std::vector<double> values = cosines.values();
  const std::vector<std::size_t> best = best_assignment(values, n);
  double in_place = 0, most = 0;
  for (std::size_t e = 0; e < n; ++e) {
    in_place += values[e * n + e];
    most += values[e * n + best[e]];
  }
  if (most - in_place <= tolerance * static_cast<double>(n)) return std::nullopt;
  for (std::size_t e = 0; e < n; ++e) {
    if (best[e] != e) return e;
  }
  return std::nullopt;
}

}  // namespace

void require_same_experts(ModelSources models) {
  const CheckpointReader& first = *models.front();
  for (const auto& [layer, num_experts] : expert_layers(first)) {
    const std::string router = std::string(value_prefix) + layer + ".router";
    const std::vector<std::string> names = first.names();
    if (!std::ranges::binary_search(names, router)) continue;
    for (const CheckpointReader* other : models.subspan(1)) {
      const auto expert = misplaced(first, *other, router);
      require(!expert, Exit::data,
              "the experts of {} and {} are not in the same order: by its router, expert {} of {} "
              "is not expert {} of the other. Models that were not trained from the same weights "
              "are averaged with match_experts = true",
              first.folder().string(), other->folder().string(), expert.value_or(0), layer,
              expert.value_or(0));
    }
  }
}

std::vector<ExpertOrder> match_experts(ModelSources models, Comm& world) {
  std::vector<ExpertOrder> orders(models.size());
  nlohmann::json mine = nlohmann::json::array();
  agree(world, [&] {
    int turn = 0;
    for (std::size_t model = 1; model < models.size(); ++model) {
      for (const auto& [layer, n] : expert_layers(*models.front())) {
        if (turn++ % world.size() != world.rank()) continue;
        const std::vector<double> cosines =
            cosines_of_experts(*models.front(), *models[model], layer, n);
        mine.push_back(
            {{"model", model}, {"layer", layer}, {"order", best_assignment(cosines, n)}});
      }
    }
  });
  for (const std::string& text : all_gather_text(world, mine.dump())) {
    for (const nlohmann::json& found : nlohmann::json::parse(text)) {
      orders[found["model"].get<std::size_t>()][found["layer"].get<std::string>()] =
          found["order"].get<std::vector<std::size_t>>();
    }
  }
  return orders;
}

}  // namespace switchyard::models
