#include "launch/suites/suite_model.h"

#include <algorithm>

#include "io/text/unicode.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "launch/score/score_run.h"
#include "runtime/comm/agree.h"
#include "train/inference/sample.h"

namespace switchyard::suites {
namespace {
constexpr std::size_t texts_at_once = 16;  // a tile of rows
}

SuiteModel::SuiteModel(const std::filesystem::path& path, const std::vector<std::string>& sets,
                       std::unique_ptr<Comm> world)
    : restored_(path, sets, std::move(world), &routes_) {
  agree(ranks(), [&] { max_length_ = tasks::max_length_of(restored_.config(), {}); });
}

ScoredTokens SuiteModel::score(const std::vector<ScoreRequest>& requests, double temperature,
                               bool routes) {
  ProgressLine line(stderr_is_terminal());
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    if (ranks().rank() == 0 && line.due()) line.show(fmt::format("{} of {} tokens", done, total));
  };
  ScoredTokens scored = score_tokens(
      restored_.model(), restored_.mesh(), requests, tasks::layout_of(restored_.config(), {}),
      restored_.stream(),
      {.temperature = temperature, .routes = routes ? &routes_ : nullptr, .progress = progress});
  line.erase();
  return scored;
}

std::vector<std::string> SuiteModel::write(const std::vector<std::string>& prompts,
                                           const Writing& writing) {
  SampleConfig config{.max_tokens = writing.tokens,
                      .temperature = writing.temperature,
                      .num_ids = tokenizer().vocabulary(),
                      .seed = writing.seed};
  std::vector<std::string> texts;
  for (std::size_t first = 0; first < prompts.size(); first += texts_at_once) {
    std::vector<Tokens> begun;
    for (std::size_t i = first; i < std::min(prompts.size(), first + texts_at_once); ++i) {
      begun.push_back({tokenizer().boundary()});
      const Tokens prompt = tokenizer().encode(prompts[i]);
      begun.back().insert(begun.back().end(), prompt.begin(), prompt.end());
    }
    config.first_text = first;
    const std::vector<SampledText> written =
        generate(restored_.model(), begun, restored_.config().data.sequence_length,
                 tokenizer().boundary(), config, restored_.stream(), {});
    for (std::size_t i = 0; i < written.size(); ++i) {
      const std::size_t before = tokenizer().decode(begun[i]).size();
      Tokens whole = begun[i];
      whole.insert(whole.end(), written[i].tokens.begin(), written[i].tokens.end());
      const std::string all = tokenizer().decode(whole);
      texts.push_back(all.substr(std::min(before, all.size())));
      repair_utf8(texts.back());
    }
  }
  return texts;
}

std::vector<ScoreRequest> parts_of(const std::vector<std::int32_t>& tokens,
                                   std::int64_t max_length) {
  std::vector<ScoreRequest> parts;
  for (std::int64_t begin = 0; begin + 1 < std::ssize(tokens); begin += max_length) {
    const std::int64_t end = std::min(begin + max_length + 1, std::ssize(tokens));
    parts.push_back({{tokens.begin() + begin, tokens.begin() + end}, 1});
  }
  return parts;
}

}  // namespace switchyard::suites
