#include "launch/scaling/laws.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "io/files/nearest_name.h"
#include "io/text/amount.h"
#include "runtime/error.h"

namespace switchyard::scaling {
namespace {

double active(const ModelSize& size) { return size.active; }
double total(const ModelSize& size) { return size.total; }
double body(const ModelSize& size) { return size.body; }

using Of = Law::Of;
constexpr double any = 1e300;

constexpr std::array<Law, 8> laws{
    {{"joint",
      "Ludziejewski et al. 2025",
      "arXiv:2502.05172",
      Of::both,
      "active",
      {1e7, 2.7e9},
      {1e9, 2e11},
      {1, 32},
      [](const ModelSize& s) { return joint_loss(s.active, s.tokens, s.expansion()); },
      active,
      ""},
     {"besiroglu",
      "Chinchilla, fitted again",
      "arXiv:2404.10102",
      Of::dense,
      "active",
      {4.4e7, 1.6e10},
      {5e9, 5e11},
      {1, 1},
      [](const ModelSize& s) { return besiroglu.loss(s.active, s.tokens); },
      active,
      ""},
     {"chinchilla",
      "Hoffmann et al. 2022",
      "arXiv:2203.15556",
      Of::dense,
      "active",
      {4.4e7, 1.6e10},
      {5e9, 5e11},
      {1, 1},
      [](const ModelSize& s) { return chinchilla.loss(s.active, s.tokens); },
      active,
      "its fit stopped early (arXiv:2404.10102)"},
     {"kaplan",
      "Kaplan et al. 2020",
      "arXiv:2001.08361",
      Of::dense,
      "outside the tables",
      {768, 1.5e9},
      {2.2e7, 2.3e10},
      {1, 1},
      [](const ModelSize& s) { return kaplan_loss(s.body, s.tokens); },
      body,
      ""},
     {"muennighoff",
      "Muennighoff et al. 2023",
      "arXiv:2305.16264",
      Of::dense,
      "active",
      {1e7, 9e9},
      {1e8, 9e11},
      {1, 1},
      [](const ModelSize& s) { return muennighoff_loss(s.active, s.tokens, s.unique_tokens); },
      active,
      "the only one that knows of repeated tokens"},
     {"clark",
      "Clark et al. 2022, S-BASE",
      "arXiv:2202.01169",
      Of::both,
      "active",
      {1.5e7, 1.3e9},
      {1.3e11, 1.3e11},
      {1, 512},
      [](const ModelSize& s) { return clark_loss(s.active, s.expansion()); },
      active,
      "of runs with 130 G tokens, whatever the tokens"},
     {"krajewski",
      "Krajewski et al. 2024",
      "arXiv:2402.07871",
      Of::mixtures,
      "all",
      {1.29e8, 3.7e9},
      {1.6e10, 1.3e11},
      {64, 64},
      [](const ModelSize& s) { return krajewski_loss(s.total, s.tokens, s.granularity()); },
      total,
      "granularity = experts per token"},
     {"abnar",
      "Abnar et al. 2025",
      "arXiv:2501.12370",
      Of::mixtures,
      "all",
      {1e7, any},
      {1e9, any},
      {1, 64},
      [](const ModelSize& s) { return abnar_loss(s.total, s.tokens, s.sparsity()); },
      total,
      "explains 68 % of the variance of held-out runs"}}};

}  // namespace

double DenseLaw::loss(double parameters, double tokens) const {
  return floor + model / std::pow(parameters, model_exponent) +
         data / std::pow(tokens, data_exponent);
}

double saturated_experts(double experts, double start, double end) {
  return 1.0 / (1.0 / (experts - 1.0 + 1.0 / (1.0 / start - 1.0 / end)) + 1.0 / end);
}

double kaplan_loss(double parameters, double tokens) {
  return std::pow(std::pow(6.4e13 / parameters, 0.076 / 0.103) + 1.8e13 / tokens, 0.103);
}

double tokens_worth(double tokens, double unique) {
  constexpr double decay = 15.39;
  if (unique <= 0.0 || tokens <= unique) return tokens;
  const double repeats = tokens / unique - 1.0;
  return unique * (1.0 + decay * (1.0 - std::exp(-repeats / decay)));
}

double muennighoff_loss(double parameters, double tokens, double unique) {
  constexpr double decay = 5.31, parameters_per_token = 0.051;
  double worth = parameters;
  if (unique > 0.0 && tokens > unique) {
    const double base = std::min(parameters, parameters_per_token * unique);
    const double excess = parameters / base - 1.0;
    worth = base * (1.0 + decay * (1.0 - std::exp(-excess / decay)));
  }
  return 1.87 + 521.0 / std::pow(worth, 0.353) +
         1488.0 / std::pow(tokens_worth(tokens, unique), 0.353);
}

double clark_loss(double parameters, double expansion) {
  const double n = std::log10(parameters),
               e = std::log10(saturated_experts(expansion, 1.847, 314.478));
  return std::pow(10.0, -0.082 * n - 0.108 * e + 0.009 * n * e + 1.104);
}

double krajewski_loss(double parameters, double tokens, double granularity) {
  return 0.47 + (2.1 / std::pow(granularity, 0.58) + 18.1) / std::pow(parameters, 0.115) +
         30.8 / std::pow(tokens, 0.147);
}

double joint_loss(double parameters, double tokens, double expansion) {
  const double e = saturated_experts(expansion, 2.0732, 290.4521), log_e = std::log(e);
  return 35.91 * std::pow(e, -0.2285) * std::pow(parameters, -0.1889 + 0.0098 * log_e) +
         35.98 * std::pow(e, 0.5529) * std::pow(tokens, -0.1775 - 0.0259 * log_e) + 1.3637;
}

double abnar_loss(double parameters, double tokens, double sparsity) {
  const double dense = 1.0 - sparsity;
  return 16612.5 / std::pow(parameters, 0.5962) + 5455.67 / std::pow(tokens, 0.3954) +
         0.4598 / std::pow(dense, -0.1666) +
         17.26 / (std::pow(dense, 0.1603) * std::pow(parameters, 0.1595)) + 0.94;
}

std::span<const Law> published_laws() { return laws; }

const Law& law_named(std::string_view key) {
  const Law& nearest = nearest_name(laws, key, &Law::key);
  require(nearest.key == key, Exit::usage, "there is no law {}; did you mean {}?", key,
          nearest.key);
  return nearest;
}

void note_outside(const std::string& what, double value, const Interval& range,
                  std::vector<std::string>& notes) {
  if (range.holds(value)) return;
  const bool below = value < range.low;
  notes.push_back(fmt::format("{} {} {} {}", what, amount_in_words(value), below ? "<" : ">",
                              amount_in_words(below ? range.low : range.high)));
}

std::string outside(const Law& law, const ModelSize& size) {
  std::vector<std::string> notes;
  note_outside("parameters", law.size(size), law.parameters, notes);
  note_outside("tokens", size.tokens, law.tokens, notes);
  if (size.experts > 1.0) note_outside("experts / top-k", size.expansion(), law.expansion, notes);
  return fmt::format("{}", fmt::join(notes, ", "));
}

}  // namespace switchyard::scaling
