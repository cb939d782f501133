#include "launch/monitor/score_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "launch/score/score_run.h"
#include "runtime/comm/agree.h"
#include "train/inference/score.h"

namespace switchyard::monitor {
namespace {

constexpr std::int64_t tokens_at_once = std::int64_t{1} << 19;

// Some texts, and the requests for their tokens.
struct Group {
  std::vector<std::int64_t> numbers;
  std::vector<std::vector<std::int32_t>> texts;
  std::vector<ScoreRequest> requests;
};

// Parts of at most `length` asked tokens. Each begins with the last token of the part before.
void add_requests(const std::vector<std::int32_t>& text, std::int64_t length, Group& group) {
  for (std::int64_t begin = 0; begin + 1 < std::ssize(text); begin += length) {
    const std::int64_t end = std::min(begin + length + 1, std::ssize(text));
    group.requests.push_back({{text.begin() + begin, text.begin() + end}, 1});
  }
}

// Reads texts from `next` on, and moves it.
Group read_group(const TextsToScore& texts, std::int64_t length, std::int64_t& next) {
  Group group;
  for (std::int64_t tokens = 0; next < texts.count && tokens < tokens_at_once; ++next) {
    std::vector<std::int32_t> text = texts.tokens(next);
    if (text.size() < 2) continue;
    tokens += std::ssize(text);
    add_requests(text, length, group);
    group.numbers.push_back(next);
    group.texts.push_back(std::move(text));
  }
  return group;
}

void hand_out(const Group& group, const ScoredTokens& scored, const TakeScores& take) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < group.texts.size(); ++i) {
    const std::size_t count = group.texts[i].size() - 1;
    take(group.numbers[i], group.texts[i], std::span(scored.tokens).subspan(begin, count));
    begin += count;
  }
}

}  // namespace

void score_texts(RestoredModel& restored, const TextsToScore& texts, const TakeScores& take) {
  Comm& ranks = *restored.mesh().world;
  std::int64_t length = 0, next = 0;
  agree(ranks, [&] { length = tasks::max_length_of(restored.config(), {}); });
  ProgressLine line(stderr_is_terminal());
  for (bool more = true; more;) {
    Group group;
    on_root(ranks, [&] { group = read_group(texts, length, next); });
    const auto requests = tasks::share_requests(group.requests, ranks);
    more = !requests.empty();
    if (!more) break;
    const ScoredTokens scored =
        score_tokens(restored.model(), restored.mesh(), requests,
                     tasks::layout_of(restored.config(), {}), restored.stream());
    on_root(ranks, [&] {
      hand_out(group, scored, take);
      if (line.due()) line.show(fmt::format("{} of {} documents", next, texts.count));
    });
  }
  line.erase();
}

}  // namespace switchyard::monitor
