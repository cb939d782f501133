#include "io/text/regex.h"

#include <oniguruma.h>

#include <array>

#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::size_t longest_pattern = std::size_t{1} << 16;
constexpr std::size_t steps_for_any_text = 1000000, steps_for_a_byte = 64;

const OnigUChar* first_byte(std::string_view text) {
  return reinterpret_cast<const OnigUChar*>(text.data());
}

std::string words_of(int error, OnigErrorInfo* info) {
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> words{};
  const int length = info != nullptr ? onig_error_code_to_str(words.data(), error, info)
                                     : onig_error_code_to_str(words.data(), error);
  return {reinterpret_cast<const char*>(words.data()), static_cast<std::size_t>(length)};
}

// The library wants to know its encodings before anything else, once.
void initialize() {
  static const int result = [] {
    std::array<OnigEncoding, 1> encodings = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings.data(), static_cast<int>(encodings.size()));
  }();
  require(result == ONIG_NORMAL, "Oniguruma does not start: {}", words_of(result, nullptr));
}

}  // namespace

struct Regex::Compiled {
  OnigRegex regex = nullptr;
  std::string pattern;
  ~Compiled() { onig_free(regex); }
};

struct Regex::Scratch::State {
  OnigRegion* region = onig_region_new();
  OnigMatchParam* limits = onig_new_match_param();
  State() { onig_initialize_match_param(limits); }
  ~State() {
    onig_free_match_param(limits);
    onig_region_free(region, 1);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Regex::Scratch::Scratch() : state_(std::make_unique<State>()) {}
Regex::Scratch::~Scratch() = default;

Regex::Regex(const std::string& pattern) : compiled_(std::make_unique<Compiled>()) {
  initialize();
  require(pattern.size() <= longest_pattern, Exit::data,
          "a regular expression of {} bytes is longer than the {} that Switchyard compiles",
          pattern.size(), longest_pattern);
  compiled_->pattern = pattern;
  OnigErrorInfo info{};
  const int result =
      onig_new(&compiled_->regex, first_byte(pattern), first_byte(pattern) + pattern.size(),
               ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_RUBY, &info);
  require(result == ONIG_NORMAL, Exit::data, "the regular expression {} does not compile: {}",
          terminal_text(shortened(pattern, 200)), terminal_text(words_of(result, &info)));
}

Regex::~Regex() = default;
Regex::Regex(Regex&& other) noexcept = default;

std::optional<Regex::Match> Regex::find(std::string_view text, std::size_t from,
                                        Scratch& scratch) const {
  const std::size_t steps = steps_for_any_text + steps_for_a_byte * text.size();
  Scratch::State& state = *scratch.state_;
  onig_set_retry_limit_in_match_of_match_param(state.limits, steps);
  onig_set_retry_limit_in_search_of_match_param(state.limits, steps);
  const OnigUChar* begin = first_byte(text);
  const OnigUChar* end = begin + text.size();
  const int at = onig_search_with_param(compiled_->regex, begin, end, begin + from, end,
                                        state.region, ONIG_OPTION_NONE, state.limits);
  if (at == ONIG_MISMATCH) return std::nullopt;
  if (at < 0) fail_search(text, from, words_of(at, nullptr));
  return Match{static_cast<std::size_t>(state.region->beg[0]),
               static_cast<std::size_t>(state.region->end[0])};
}

void Regex::fail_search(std::string_view text, std::size_t from, const std::string& why) const {
  fail(Exit::data,
       "the regular expression {} cannot be searched for in {} bytes of text from byte {} on: {}",
       terminal_text(shortened(compiled_->pattern, 200)), text.size(), from, why);
}

std::string regex_version() { return onig_version(); }

}  // namespace switchyard
