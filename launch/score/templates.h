// What a row of a benchmark asks, in the words of lm-eval 0.4.13. One template per benchmark.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "launch/score/json_rows.h"

namespace switchyard::tasks {

struct Option {
  std::string context, answer;  // without the space between them
};

struct Question {
  std::vector<Option> options{};  // one of the last word; else the choices
  std::size_t gold = 0;           // which of them is right
};

enum class Kind : std::uint8_t {
  choice,      // which option has the largest log-probability: acc
  normalised,  // the same, and also divided by the answer's length: acc_norm, acc_bytes
  last_word    // whether the one answer is what greedy decoding gives: acc; and its perplexity
};

struct Template {
  std::string_view name;
  Kind kind;
  // Errors: Exit::data, as Row's.
  Question (*read)(const Row& row);
};

// hellaswag, arc_easy, arc_challenge, piqa, openbookqa, boolq, winogrande, mmlu, lambada_openai,
// lambada_standard.
std::span<const Template> templates();
// Errors: Exit::usage naming all of them, and the nearest one.
const Template& template_of(std::string_view name);

}  // namespace switchyard::tasks
