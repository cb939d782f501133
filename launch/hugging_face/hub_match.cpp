#include "launch/hugging_face/hub_match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "io/safetensors/narrow.h"
#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

constexpr const char* head = "lm_head.weight";
constexpr const char* embedding = "model.embed_tokens.weight";

// "a, b, c and 7 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 4;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    shown.push_back(terminal_text(names[i]));
  const std::string more =
      names.size() > most ? fmt::format(" and {} more", names.size() - most) : "";
  return fmt::format("{}{}", fmt::join(shown, ", "), more);
}

std::vector<std::string> surplus(const HubWeights& weights, const Layout& layout, bool tied) {
  std::set<std::string> used;
  for (const Tensor& tensor : layout.tensors()) used.insert(tensor.name);
  std::vector<std::string> names;
  for (const auto& [name, stored] : weights.tensors()) {
    const bool computed = name.ends_with("rotary_emb.inv_freq");
    if (!used.contains(name) && !computed && !(tied && name == head)) names.push_back(name);
  }
  return names;
}

void require_fit(const HubWeights& weights, const Tensor& tensor) {
  const StoredTensor& stored = weights.tensors().at(tensor.name);
  const std::string place = fmt::format("{}: {}", weights.file(stored).string(), tensor.name);
  require(stored.tensor.shape == tensor.shape, Exit::data,
          "{} has the shape [{}], and by config.json it has [{}]", place,
          fmt::join(stored.tensor.shape, ", "), fmt::join(tensor.shape, ", "));
  require(is_float_dtype(stored.tensor.dtype), Exit::data,
          "{} has the dtype {}, and this program imports F32, BF16 and F16", place,
          stored.tensor.dtype);
}

}  // namespace

Layout layout_in(const HubWeights& weights, Family family, const Config& config,
                 std::int64_t vocabulary) {
  return layout_of(family, config, vocabulary, [&](int layer) {
    const std::string stem = fused_experts(layer);
    const bool fused = weights.has(stem + "gate_up_proj") || weights.has(stem + "down_proj");
    return fused ? ExpertNames::fused : ExpertNames::original;
  });
}

void require_match(const HubWeights& weights, const Layout& layout, bool tied) {
  std::vector<std::string> missing;
  for (const Tensor& tensor : layout.tensors()) {
    if (!weights.has(tensor.name)) missing.push_back(tensor.name);
  }
  const std::vector<std::string> others = surplus(weights, layout, tied);
  std::vector<std::string> problems;
  if (!missing.empty())
    problems.push_back(fmt::format("lack {} of its {} tensors: {}", missing.size(),
                                   layout.tensors().size(), listed(missing)));
  if (!others.empty())
    problems.push_back(
        fmt::format("hold {} that it does not have: {}", others.size(), listed(others)));
  require(problems.empty(), Exit::data, "the weights do not fit the model of config.json: they {}",
          fmt::join(problems, "; they "));
  for (const Tensor& tensor : layout.tensors()) require_fit(weights, tensor);
}

void require_same_head(HubWeights& weights) {
  if (!weights.has(head)) return;
  const StoredTensor& one = weights.tensors().at(embedding);
  const StoredTensor& other = weights.tensors().at(head);
  const std::string place = weights.file(other).string();
  require(one.tensor.shape == other.tensor.shape && is_float_dtype(other.tensor.dtype), Exit::data,
          "{}: {} is no copy of {}, as tie_word_embeddings says: it has another shape or dtype",
          place, head, embedding);
  const std::int64_t elements = elements_of(one.tensor.shape);
  constexpr std::int64_t most = std::int64_t{1} << 20;
  std::vector<float> mine, its;
  for (std::int64_t begin = 0; begin < elements; begin += most) {
    const auto count = static_cast<std::size_t>(std::min(most, elements - begin));
    mine.resize(count);
    its.resize(count);
    weights.read(one, begin, mine);
    weights.read(other, begin, its);
    require(std::memcmp(mine.data(), its.data(), count * sizeof(float)) == 0, Exit::data,
            "{}: {} differs from {}, although tie_word_embeddings is true: set it to false in "
            "config.json if the head has weights apart",
            place, head, embedding);
  }
}

}  // namespace switchyard::hub
