#include "launch/scaling/prediction.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/text/amount.h"
#include "io/text/byte_size.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/rates.h"

namespace switchyard::scaling {
namespace {

using Json = nlohmann::ordered_json;

LawPrediction published(const Law& law, const ModelSize& size) {
  LawPrediction line;
  line.key = law.key;
  line.name = law.name;
  line.source = law.source;
  line.note = law.note;
  line.outside = outside(law, size);
  line.fits = law.of == Law::Of::both || (law.of == Law::Of::mixtures) == (size.experts > 1.0);
  line.loss = law.loss(size);
  return line;
}

LawPrediction own(const FittedLaw& law, const ModelSize& size) {
  LawPrediction line;
  line.key = "fitted";
  line.name = fmt::format("your {} runs, {}", law.runs, name_of(law.form));
  line.source = "--fit";
  line.outside = outside(law, size);
  line.loss = law.loss(size);
  line.interval = law.interval(size);
  return line;
}

std::string header(const Prediction& prediction) {
  const ModelSize& model = prediction.size.model;
  const std::string experts =
      model.experts > 1.0 ? fmt::format(", {} of {} experts per token", model.top_k, model.experts)
                          : ", dense";
  std::string tokens =
      fmt::format("{} tokens, {} per active parameter", amount_in_words(model.tokens),
                  amount_in_words(model.tokens / model.active));
  if (model.unique_tokens > 0.0 && model.tokens > model.unique_tokens)
    tokens += fmt::format("; {:.1f} passes over {}, worth {} fresh ones (Muennighoff et al.)",
                          model.tokens / model.unique_tokens, amount_in_words(model.unique_tokens),
                          amount_in_words(tokens_worth(model.tokens, model.unique_tokens)));
  return fmt::format(
      "{} parameters, of which a token meets {} ({} outside the tables){}\n{}\n"
      "{} for the run; a rank of {} needs {}\n",
      amount_in_words(model.total), amount_in_words(model.active), amount_in_words(model.body),
      experts, tokens, amount_in_words(prediction.size.flops, "FLOP"),
      prediction.size.shape.num_ranks, bytes_in_words(prediction.rank_bytes));
}

std::string remark_of(const LawPrediction& line) {
  std::string remark = line.outside.empty() ? "" : "extrapolated: " + line.outside;
  if (!line.fits) remark += (remark.empty() ? "" : "; ") + std::string("of other models");
  if (!line.note.empty()) remark += (remark.empty() ? "" : "; ") + line.note;
  return remark;
}

}  // namespace

Prediction predict(const RunSize& size, const std::optional<FittedLaw>& fitted,
                   const std::string& law) {
  Prediction prediction{size, 0, {}, {}};
  prediction.rank_bytes =
      plan::total_bytes(plan::memory_plan(size.shape, plan::program_bytes(plan::Rates{})));
  const bool mixture = size.model.experts > 1.0;
  if (fitted) prediction.laws.push_back(own(*fitted, size.model));
  for (const Law& each : published_laws()) {
    if (each.of == Law::Of::mixtures && !mixture) continue;
    prediction.laws.push_back(published(each, size.model));
  }
  const std::string chosen = !law.empty() ? std::string(law_named(law).key)
                             : fitted     ? "fitted"
                             : mixture    ? "joint"
                                          : "besiroglu";
  for (LawPrediction& line : prediction.laws) line.chosen = line.key == chosen;
  std::ranges::stable_sort(prediction.laws, [](const LawPrediction& a, const LawPrediction& b) {
    return a.chosen > b.chosen || (a.chosen == b.chosen && a.fits > b.fits);
  });
  if (mixture) prediction.dense_twin = joint_loss(size.model.active, size.model.tokens, 1.0);
  return prediction;
}

std::string prediction_report(const Prediction& prediction) {
  std::string text = header(prediction) + fmt::format("\n{:<28} {:>7}\n", "law", "loss");
  for (const LawPrediction& line : prediction.laws) {
    const bool interval = line.interval.low < line.interval.high;
    text += fmt::format(
        "{:<28} {:>7.4f}{}{}\n", line.name, line.loss,
        interval ? fmt::format("  95 %: {:.4f} to {:.4f}", line.interval.low, line.interval.high)
                 : "",
        remark_of(line).empty() ? "" : "  " + remark_of(line));
  }
  const auto others = std::ranges::find(prediction.laws, false, &LawPrediction::fits);
  const auto [low, high] = std::ranges::minmax(
      std::ranges::subrange(prediction.laws.begin(), std::max(others, prediction.laws.begin() + 1)),
      {}, &LawPrediction::loss);
  text += fmt::format(
      "\nby the first law: {:.4f}; laws of such models differ by {:.4f}, also because each counts "
      "nats per token of its data and tokenizer\n",
      prediction.laws.front().loss, high.loss - low.loss);
  if (prediction.dense_twin)
    text += fmt::format(
        "a dense model of as many active parameters, by the joint law: {:.4f}, where these experts "
        "have {:.4f}\n",
        *prediction.dense_twin,
        joint_loss(prediction.size.model.active, prediction.size.model.tokens,
                   prediction.size.model.expansion()));
  return text;
}

Json prediction_json(const Prediction& prediction) {
  const ModelSize& model = prediction.size.model;
  Json laws = Json::array();
  for (const LawPrediction& line : prediction.laws) {
    Json json = {{"law", line.key},        {"source", line.source},
                 {"loss", line.loss},      {"chosen", line.chosen},
                 {"fits", line.fits},      {"extrapolated", !line.outside.empty()},
                 {"outside", line.outside}};
    if (line.key == "fitted") json["interval"] = {line.interval.low, line.interval.high};
    laws.push_back(std::move(json));
  }
  return {{"parameters", model.total},
          {"active_parameters", model.active},
          {"body_parameters", model.body},
          {"experts", model.experts},
          {"top_k", model.top_k},
          {"tokens", model.tokens},
          {"unique_tokens", model.unique_tokens > 0.0 ? Json(model.unique_tokens) : Json()},
          {"flops", prediction.size.flops},
          {"rank_bytes", prediction.rank_bytes},
          {"laws", laws},
          {"dense_twin", prediction.dense_twin ? Json(*prediction.dense_twin) : Json()}};
}

}  // namespace switchyard::scaling
