#include "io/prepare/input/problem_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

struct Words {
  const char* kind;
  const char* noun;
  const char* fate;
  const char* advice = "";
};

constexpr std::array<Words, 13> words_of_kinds = {{
    {"too_large", "document", "left out for being over 64 MiB",
     "cut it into shorter documents, such as JSON lines"},
    {"skipped_file", "file", "left out for being of another kind or behind a linked folder",
     "rename it, name the linked folder, or convert it through a pipe (prepare -)"},
    {"unreadable_file", "file", "left out for not being readable",
     "check the permissions, and links to nothing"},
    {"large_window", "file", "left out for a zstd window of over 2 GiB",
     "compress it again without --ultra --long"},
    {"corrupt_archive", "file", "read only up to its damage or its missing end",
     "fetch it again: documents behind that are missing"},
    {"broken_json", "line", "left out for not being JSON"},
    {"no_text_field", "line", "left out for having no text in the text field",
     "name the field with --text-field, or text_field in a recipe"},
    {"no_prompt_field", "line", "left out for having no text in the prompt field",
     "name the field with --prompt-field, or prompt_field in a recipe, or prepare lines without a "
     "prompt as another source"},
    {"empty_document", "document", "left out for having no text"},
    {"empty_file", "file", "without a document"},
    {"trailing_garbage", "file", "read without the bytes behind its last gzip member"},
    {"invalid_utf8", "document", "kept with U+FFFD for bytes that are not UTF-8"},
    {"nul_bytes", "document", "kept with U+FFFD for NULs"},
}};

// The first few files, each with its count where that says more.
std::string files_in_words(const nlohmann::json& files, std::int64_t total) {
  constexpr std::size_t most = 3;
  std::vector<std::string> names;
  std::int64_t named = 0;
  for (const auto& [file, count] : files.items()) {
    if (names.size() == most) break;
    const auto number = count.get<std::int64_t>();
    named += number;
    const std::string name = terminal_text(file);
    names.push_back(number == total || number == 1 ? name : fmt::format("{} ({})", name, number));
  }
  if (names.empty()) return "";
  return fmt::format(": {}{}", fmt::join(names, ", "), named < total ? ", and others" : "");
}

}  // namespace

std::vector<std::string> problems_in_words(const nlohmann::json& problems) {
  std::vector<std::string> sentences;
  for (const Words& words : words_of_kinds) {
    if (!problems.contains(words.kind)) continue;
    const nlohmann::json& problem = problems.at(words.kind);
    const auto count = problem.at("count").get<std::int64_t>();
    const std::string advice = *words.advice == '\0' ? "" : fmt::format("; {}", words.advice);
    sentences.push_back(fmt::format(
        "{} {}{} {} ({}){}{}", count, words.noun, count == 1 ? "" : "s", words.fate, words.kind,
        files_in_words(problem.value("files", nlohmann::json::object()), count), advice));
  }
  return sentences;
}

}  // namespace switchyard::prepare
