#include "launch/commands/prompts.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "io/objective/special_ids.h"
#include "launch/config/config_checks.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {

std::string read_lines(const std::string& name) {
  std::ifstream file;
  if (name != "-") {
    file.open(name, std::ios::binary);
    require(file.is_open(), Exit::usage, "cannot read the prompts in {}", name);
  }
  std::istream& in = name == "-" ? std::cin : file;
  std::string lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines += line + '\n';
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (lines.starts_with(byte_order_mark)) lines.erase(0, byte_order_mark.size());
  require(!lines.empty(), Exit::usage, "there is no prompt in {}",
          name == "-" ? "the standard input" : name);
  return lines;
}

std::vector<std::string> parts_around_marker(const std::string& text, const std::string& file) {
  constexpr std::string_view marker = "<FILL>";
  const std::size_t at = text.find(marker);
  require(at != std::string::npos && text.find(marker, at + 1) == std::string::npos, Exit::usage,
          "{} must have the marker {} once, at the place to fill in", file, marker);
  return {text.substr(0, at), text.substr(at + marker.size())};
}

FillPrompt fill_prompt(RestoredModel& restored, const std::string& prefix,
                       const std::string& suffix) {
  const Tokenizer& tokenizer = restored.tokenizer();
  const Config& config = restored.config();
  Comm& world = *restored.mesh().world;
  on_root(world, [&] {
    if (config.data.objective.fill_in_middle == 0.0)
      fmt::print(stderr, "warning: this model was not trained with data.fill_in_middle\n");
  });
  FillPrompt prompt{{}, suffix, 0};
  agree(world, [&] {
    const SpecialIds ids =
        special_ids(tokenizer, vocabulary_of(config.model, tokenizer.vocabulary()));
    require_special_ids(ids, SpecialUse::fill_in_middle, tokenizer);
    const auto put = [&](const Tokens& part) {
      prompt.tokens.insert(prompt.tokens.end(), part.begin(), part.end());
    };
    put({tokenizer.boundary(), ids.prefix});
    put(tokenizer.encode(prefix));
    put({ids.suffix});
    put(tokenizer.encode(suffix));
    put({ids.middle});
    prompt.room = config.data.sequence_length - std::ssize(prompt.tokens);
    require(prompt.room > 0, Exit::usage,
            "prefix and suffix are {} tokens with their marks, and the model's context has {}: "
            "shorten them",
            prompt.tokens.size(), config.data.sequence_length);
  });
  return prompt;
}

}  // namespace switchyard
