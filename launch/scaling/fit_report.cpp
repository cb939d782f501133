#include "launch/scaling/fit_report.h"

#include <fmt/format.h>

#include "io/text/amount.h"
#include "launch/host/counted.h"

namespace switchyard::scaling {
namespace {

using Json = nlohmann::ordered_json;

const char* formula_of(LawForm form) {
  switch (form) {
    case LawForm::dense:
      return "L = a N^alpha + b D^beta + c";
    case LawForm::mixtures:
      return "L = a X^delta N^alpha + b X^omega D^beta + c, X = experts / top-k";
    case LawForm::joint:
      return "L = a X^delta N^(alpha + gamma ln X) + b X^omega D^(beta + zeta ln X) + c, X = "
             "experts / top-k, saturated (arXiv:2502.05172)";
  }
  return "";
}

}  // namespace

std::string fit_report(const FittedLaw& law, const std::vector<RunPoint>& runs,
                       const std::optional<HeldOut>& held) {
  std::string text = fmt::format("{}: {}\nN active parameters, D tokens, L nats per token; {}\n\n",
                                 name_of(law.form), formula_of(law.form), counted(law.runs, "run"));
  text += fmt::format("{:<8} {:>14}   95 %\n", "constant", "value");
  for (const std::size_t i : constants_of(law.form)) {
    const Interval interval = law.interval_of_constant(i);
    text += fmt::format("{:<8} {:>14.6g}   {:.6g} to {:.6g}\n", constant_names[i], law.constants[i],
                        interval.low, interval.high);
  }
  text += fmt::format("\n{:<32} {:>10} {:>10} {:>6} {:>8} {:>8} {:>7}\n", "run", "active", "tokens",
                      "X", "loss", "law", "off by");
  for (const RunPoint& run : runs) {
    const double predicted = law.loss(run.size);
    text += fmt::format("{:<32} {:>10} {:>10} {:>6.3g} {:>8.4f} {:>8.4f} {:>+6.2f} %\n", run.name,
                        amount_in_words(run.size.active), amount_in_words(run.size.tokens),
                        run.size.expansion(), run.loss, predicted,
                        100.0 * (predicted / run.loss - 1.0));
  }
  text += fmt::format("\nthe runs scatter by {:.2f} % around the law\n", 100.0 * law.scatter);
  if (held)
    text += fmt::format(
        "fitted without its largest run, {}: predicts {:.4f} for it, which is off by {:+.2f} %\n",
        held->name, held->predicted, 100.0 * (held->predicted / held->loss - 1.0));
  return text;
}

Json fit_json(const FittedLaw& law, const std::vector<RunPoint>& runs,
              const std::optional<HeldOut>& held) {
  Json json = Json::parse(print_fitted_law(law));
  json.erase("bootstrap");
  Json rows = Json::array();
  for (const RunPoint& run : runs) {
    rows.push_back({{"name", run.name},
                    {"active_parameters", run.size.active},
                    {"tokens", run.size.tokens},
                    {"expansion", run.size.expansion()},
                    {"loss", run.loss},
                    {"predicted", law.loss(run.size)}});
  }
  json["points"] = rows;
  json["held_out"] =
      held ? Json{{"name", held->name}, {"loss", held->loss}, {"predicted", held->predicted}}
           : Json();
  return json;
}

}  // namespace switchyard::scaling
