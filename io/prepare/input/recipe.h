// Recipe: which sources make up a dataset, in which order of priority.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

inline constexpr const char* standard_input = "-";  // as an input

struct Source {
  std::string name;     // unique within a generation; [A-Za-z0-9._-], a letter or digit first
  std::string licence;  // SPDX where there is one; "unknown" if nobody said
  std::vector<std::string> inputs;  // files, folders and globs (io/prepare/input/inputs.h)
  std::string text_field = "text";  // of each .jsonl line
  int generation = 0;               // what one `prepare` or one `--append` adds
  std::string prompt_field{};       // of each .jsonl line: what goes before the text; empty: none
};

// Sources are sorted by generation, then by priority: of equal documents, the one from the earlier
// source stays.
struct Recipe {
  std::vector<Source> sources;
};

// A TOML file of [[source]] tables with the keys above (`inputs` may be one string); inputs but "-"
// are relative to its folder, priority is the order of the tables. Generations count from 0 without
// a gap. Errors: Exit::usage naming file, line and key.
Recipe read_recipe(const std::filesystem::path& file);

// The same from the file's text, with inputs relative to `folder`; `name` is for messages.
Recipe parse_recipe(std::string_view text, const std::filesystem::path& folder,
                    const std::string& name);

}  // namespace switchyard::prepare
