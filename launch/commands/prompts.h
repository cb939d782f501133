// The texts that `sample` gives a model to continue, or to fill in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/assemble/restored_model.h"
#include "train/inference/sample.h"

namespace switchyard {

// The lines of a file, or of the standard input if its name is "-". Errors: Exit::usage if there is
// none.
std::string read_lines(const std::string& name);

constexpr std::int64_t largest_fill = std::int64_t{1} << 24;  // bytes

// The texts before and behind the marker <FILL>. file: for errors. Errors: Exit::usage unless the
// marker is there once.
std::vector<std::string> parts_around_marker(const std::string& text, const std::string& file);

struct FillPrompt {
  Tokens tokens;  // boundary, <prefix> PREFIX <suffix> SUFFIX <middle>
  std::string suffix;
  std::int64_t room = 0;  // tokens of the context that are left for the middle
};

// Collective; warns if the model was not trained for it. Errors, agreed: Exit::usage if tokenizer
// and model have no ids for it, or the context has no room.
FillPrompt fill_prompt(RestoredModel& restored, const std::string& prefix,
                       const std::string& suffix);

}  // namespace switchyard
