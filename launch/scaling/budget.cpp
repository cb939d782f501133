#include "launch/scaling/budget.h"

#include <fmt/format.h>

#include "io/text/amount.h"

namespace switchyard::scaling {
namespace {

using Json = nlohmann::ordered_json;

ModelSize size_of(const Optimum& optimum, double expansion) {
  const double parameters = optimum.parameters;
  return {.active = parameters,
          .total = parameters,
          .body = parameters,
          .tokens = optimum.tokens,
          .experts = expansion};
}

}  // namespace

std::vector<Budget> spend(double flops, const std::vector<double>& expansions,
                          const std::optional<FittedLaw>& fitted) {
  std::vector<Budget> budgets;
  const auto add = [&](const std::string& name, double expansion, const Optimum& optimum,
                       const std::string& where) {
    budgets.push_back({name, expansion, optimum, where});
  };
  for (const double expansion : expansions) {
    if (!fitted || (fitted->form == LawForm::dense && expansion > 1.0)) continue;
    const Optimum best = optimum_of(
        [&](double parameters, double tokens) {
          return fitted->loss(size_of({parameters, tokens, 0.0}, expansion));
        },
        flops);
    add("fitted", expansion, best, outside(*fitted, size_of(best, expansion)));
  }
  for (const double expansion : expansions) {
    const Optimum best = optimum_of(
        [&](double parameters, double tokens) { return joint_loss(parameters, tokens, expansion); },
        flops);
    add("joint", expansion, best, outside(law_named("joint"), size_of(best, expansion)));
  }
  for (const auto& [key, law] :
       {std::pair("besiroglu", besiroglu), std::pair("chinchilla", chinchilla)}) {
    const Optimum best = optimum_of(law, flops);
    add(key, 1.0, best, outside(law_named(key), size_of(best, 1.0)));
  }
  return budgets;
}

std::string budget_report(double flops, const std::vector<Budget>& budgets) {
  std::string text = fmt::format(
      "the lowest loss for {:.4g} FLOP (6 x active parameters x tokens)\n\n{:<12} {:>13} {:>10} "
      "{:>10} "
      "{:>10} {:>7}\n",
      flops, "law", "experts/top-k", "active", "tokens", "tokens/p", "loss");
  for (const Budget& budget : budgets) {
    const Optimum& best = budget.optimum;
    text += fmt::format("{:<12} {:>13} {:>10} {:>10} {:>10.2f} {:>7.4f}{}\n", budget.law,
                        budget.expansion, amount_in_words(best.parameters),
                        amount_in_words(best.tokens), best.tokens / best.parameters, best.loss,
                        budget.outside.empty() ? "" : "  extrapolated: " + budget.outside);
  }
  return text;
}

Json budget_json(double flops, const std::vector<Budget>& budgets) {
  Json rows = Json::array();
  for (const Budget& budget : budgets) {
    rows.push_back({{"law", budget.law},
                    {"expansion", budget.expansion},
                    {"active_parameters", budget.optimum.parameters},
                    {"tokens", budget.optimum.tokens},
                    {"loss", budget.optimum.loss},
                    {"extrapolated", !budget.outside.empty()}});
  }
  return {{"flops", flops}, {"optima", rows}};
}

}  // namespace switchyard::scaling
