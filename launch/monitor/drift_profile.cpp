#include "launch/monitor/drift_profile.h"

#include <algorithm>
#include <map>

#include "io/folder/json_fields.h"
#include "runtime/error.h"

namespace switchyard::monitor {
namespace {

constexpr double most_tokens = 1e15;

// Neighbouring ids are often alike, so the bin is not a remainder.
std::size_t shared_bin(std::int32_t token) {
  const std::uint64_t mixed = (static_cast<std::uint64_t>(token) + 1) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(mixed >> 60);
}
static_assert(TokenBins::num_shared == 16);

std::vector<std::int32_t> integers(const JsonFields& fields, const char* key) {
  std::vector<std::int32_t> values;
  for (const double value : fields.numbers(key, 0, 2147483647)) {
    values.push_back(static_cast<std::int32_t>(value));
    require(value == static_cast<double>(values.back()), Exit::data,
            "'{}' holds {}, which is no "
            "integer",
            key, value);
  }
  return values;
}

}  // namespace

TokenBins TokenBins::of(std::span<const std::vector<std::int32_t>> texts) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const auto& text : texts) {
    for (const std::int32_t token : text) ++counts[token];
  }
  std::vector<std::pair<std::int32_t, std::int64_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, std::greater<>{}, [](const auto& one) { return one.second; });
  std::vector<std::int32_t> common;
  for (std::size_t i = 0; i < std::min(order.size(), most_common); ++i)
    common.push_back(order[i].first);
  std::ranges::sort(common);
  return TokenBins(std::move(common));
}

std::vector<std::int32_t> TokenBins::counts(std::span<const std::int32_t> tokens) const {
  std::vector<std::int32_t> counts(size());
  for (const std::int32_t token : tokens) {
    const auto found = std::ranges::lower_bound(common_, token);
    const bool common = found != common_.end() && *found == token;
    ++counts[common ? static_cast<std::size_t>(found - common_.begin())
                    : common_.size() + shared_bin(token)];
  }
  return counts;
}

nlohmann::ordered_json facts_of(const DriftProfile& profile) {
  std::int64_t tokens = 0;
  double loss = 0.0, confidence = 0.0;
  for (const DocumentTraits& document : profile.documents) {
    tokens += document.tokens;
    loss += document.loss;
    confidence += document.confidence;
  }
  const auto count = static_cast<double>(profile.documents.size());
  return {{"documents", profile.documents.size()},
          {"tokens", tokens},
          {"loss", loss / count},
          {"confidence", confidence / count}};
}

std::string profile_text(const DriftProfile& profile) {
  nlohmann::ordered_json json = {{"kind", "drift_profile"},
                                 {"version", 1},
                                 {"model", profile.model},
                                 {"tokenizer", profile.tokenizer},
                                 {"common_tokens", profile.bins.common()}};
  for (const char* key : {"loss", "confidence", "tokens", "counts"})
    json[key] = nlohmann::ordered_json::array();
  for (const DocumentTraits& document : profile.documents) {
    json["loss"].push_back(document.loss);
    json["confidence"].push_back(document.confidence);
    json["tokens"].push_back(document.tokens);
    for (const std::int32_t count : document.counts) json["counts"].push_back(count);
  }
  return json.dump() + "\n";
}

DriftProfile parse_profile(const std::string& text, const std::string& name) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  require(json.is_object() && json.value("kind", nlohmann::json()) == "drift_profile", Exit::data,
          "{} is no drift profile: `switchyard drift MODEL DATASET --write-profile FILE` makes one",
          name);
  const JsonFields fields(json, "", name);
  require(fields.integer("version", 0, 1 << 30) == 1, Exit::data,
          "{} is of a newer version than this program reads", name);
  DriftProfile profile{fields.text("model"),
                       fields.text("tokenizer"),
                       TokenBins(integers(fields, "common_tokens")),
                       {}};
  const auto losses = fields.numbers("loss", 0, 1e9),
             confidences = fields.numbers("confidence", 0, 1);
  const auto tokens = fields.numbers("tokens", 0, most_tokens);
  const std::vector<std::int32_t> counts = integers(fields, "counts");
  const std::size_t size = losses.size(), bins = profile.bins.size();
  require(std::ranges::is_sorted(profile.bins.common()) && size > 0 && confidences.size() == size &&
              tokens.size() == size && counts.size() == size * bins,
          Exit::data, "{} is damaged: its lists do not have one entry for each document", name);
  for (std::size_t i = 0; i < size; ++i) {
    const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(i * bins);
    profile.documents.push_back({losses[i],
                                 confidences[i],
                                 static_cast<std::int64_t>(tokens[i]),
                                 {begin, begin + static_cast<std::ptrdiff_t>(bins)}});
  }
  return profile;
}

}  // namespace switchyard::monitor
