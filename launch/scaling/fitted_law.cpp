#include "launch/scaling/fitted_law.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/text/amount.h"
#include "runtime/error.h"

namespace switchyard::scaling {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t largest_file = std::int64_t{1} << 26;
constexpr int file_version = 1;

Interval middle(std::vector<double> values) {
  std::ranges::sort(values);
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - static_cast<double>(below));
  };
  return {quantile(0.025), quantile(0.975)};
}

Json json_of(const Interval& interval) { return Json::array({interval.low, interval.high}); }
Interval interval_of(const Json& json) {
  return {json.at(0).get<double>(), json.at(1).get<double>()};
}

FittedLaw law_of(const Json& json) {
  FittedLaw law;
  require(json.at("version").get<int>() == file_version, Exit::usage, "its version is not {}",
          file_version);
  const std::string form = json.at("law");
  const auto named = value_named<LawForm>(form);
  require(named.has_value(), Exit::usage, "there is no law {}", form);
  law.form = *named;
  for (std::size_t i = 0; i < num_constants; ++i)
    law.constants[i] = json.at("constants").at(std::string(constant_names[i]));
  law.bootstrap = json.at("bootstrap").get<std::vector<Constants>>();
  law.runs = json.at("runs");
  law.scatter = json.at("scatter");
  law.parameters = interval_of(json.at("range").at("parameters"));
  law.tokens = interval_of(json.at("range").at("tokens"));
  law.expansion = interval_of(json.at("range").at("expansion"));
  return law;
}

}  // namespace

std::vector<std::size_t> constants_of(LawForm form) {
  switch (form) {
    case LawForm::dense:
      return {0, 2, 4, 6, 8};
    case LawForm::mixtures:
      return {0, 1, 2, 4, 5, 6, 8};
    case LawForm::joint:
      return {0, 1, 2, 3, 4, 5, 6, 7, 8};
  }
  return {};
}

double expansion_of(LawForm form, const ModelSize& size) {
  if (form == LawForm::dense) return 1.0;
  return form == LawForm::joint ? saturated_experts(size.expansion(), 2.0732, 290.4521)
                                : size.expansion();
}

double loss_of(LawForm form, const Constants& k, const ModelSize& size) {
  const double x = expansion_of(form, size), log_x = std::log(x);
  const double tokens = tokens_worth(size.tokens, size.unique_tokens);
  return k[0] * std::pow(x, k[1]) * std::pow(size.active, k[2] + k[3] * log_x) +
         k[4] * std::pow(x, k[5]) * std::pow(tokens, k[6] + k[7] * log_x) + k[8];
}

Interval FittedLaw::interval(const ModelSize& size) const {
  if (bootstrap.empty()) return {loss(size), loss(size)};
  std::vector<double> losses;
  for (const Constants& drawn : bootstrap) losses.push_back(loss_of(form, drawn, size));
  return middle(std::move(losses));
}

Interval FittedLaw::interval_of_constant(std::size_t constant) const {
  if (bootstrap.empty()) return {constants[constant], constants[constant]};
  std::vector<double> values;
  for (const Constants& drawn : bootstrap) values.push_back(drawn[constant]);
  return middle(std::move(values));
}

FittedLaw read_fitted_law(const std::string& file) {
  const std::string text = durable::read_file(file, largest_file);
  try {
    return law_of(Json::parse(text));
  } catch (const std::exception& error) {
    fail(Exit::usage, "{} is no law that `switchyard scaling fit --output` wrote: {}", file,
         error.what());
  }
}

std::string print_fitted_law(const FittedLaw& law) {
  Json constants, intervals;
  for (const std::size_t i : constants_of(LawForm::joint))
    constants[std::string(constant_names[i])] = law.constants[i];
  for (const std::size_t i : constants_of(law.form))
    intervals[std::string(constant_names[i])] = json_of(law.interval_of_constant(i));
  Json json = {{"version", file_version},
               {"law", name_of(law.form)},
               {"constants", constants},
               {"intervals", intervals},
               {"runs", law.runs},
               {"scatter", law.scatter},
               {"range",
                {{"parameters", json_of(law.parameters)},
                 {"tokens", json_of(law.tokens)},
                 {"expansion", json_of(law.expansion)}}},
               {"bootstrap", law.bootstrap}};
  return json.dump(1) + "\n";
}

std::string outside(const FittedLaw& law, const ModelSize& size) {
  std::vector<std::string> notes;
  note_outside("parameters", size.active, law.parameters, notes);
  note_outside("tokens", size.tokens, law.tokens, notes);
  note_outside("experts / top-k", size.expansion(), law.expansion, notes);
  return fmt::format("{}", fmt::join(notes, ", "));
}

}  // namespace switchyard::scaling
