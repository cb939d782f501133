#include "io/prepare/input/recipe.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "io/files/durable.h"
#include "io/files/nearest_name.h"
#include "io/files/toml.h"
#include "io/prepare/input/recipe_shape.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_recipe = std::int64_t{16} << 20;
constexpr std::size_t longest_name = 100;
constexpr std::array<std::string_view, 6> source_keys = {
    "name", "licence", "inputs", "text_field", "prompt_field", "generation"};

bool is_name(std::string_view text) {
  constexpr std::string_view letters_and_digits =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return !text.empty() && text.size() <= longest_name &&
         letters_and_digits.find(text[0]) != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return letters_and_digits.find(c) != std::string_view::npos || c == '.' || c == '_' ||
                  c == '-';
         });
}

class RecipeParser {
 public:
  RecipeParser(const fs::path& folder, const std::string& name) : folder_(folder), name_(name) {}

  Recipe parse(std::string_view text) {
    check_recipe_shape(text, name_);
    const toml::table table = parse_toml(text);
    for (const auto& [key, node] : table) {
      require(key == "source", Exit::usage,
              "{}: unknown key '{}': a recipe is a list of [[source]] tables", at(node), key.str());
    }
    const toml::node* const list = table.get("source");
    require(list != nullptr, Exit::usage, "{}: a recipe needs a [[source]] table", name_);
    require(list->is_array_of_tables(), Exit::usage, "{}: write [[source]] above each source",
            at(*list));
    for (const toml::node& source : *list->as_array()) add_source(*source.as_table());
    check_generations(*list);
    std::stable_sort(recipe_.sources.begin(), recipe_.sources.end(),
                     [](const Source& a, const Source& b) { return a.generation < b.generation; });
    return std::move(recipe_);
  }

 private:
  std::string at(const toml::node& node) const { return at_line(node.source().begin.line); }
  std::string at_line(std::uint32_t line) const { return fmt::format("{}:{}", name_, line); }

  toml::table parse_toml(std::string_view text) const {
    try {
      return toml::parse(text);
    } catch (const toml::parse_error& error) {
      fail(Exit::usage, "{}: {}", at_line(error.source().begin.line), error.description());
    }
  }

  void add_source(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const bool is_weight = key.str() == "weight" || key.str() == "weights";
      require(
          !is_weight, Exit::usage,
          "{}: a recipe says which documents are in the dataset; how often training passes over "
          "a source is in the training config, as data.weights.NAME",
          at(node));
      const bool is_known =
          std::find(source_keys.begin(), source_keys.end(), key.str()) != source_keys.end();
      require(is_known, Exit::usage, "{}: unknown key '{}': did you mean '{}'?", at(node),
              key.str(), nearest_name(source_keys, key.str()));
    }
    Source source;
    source.name = text_of(table, "name", nullptr);
    require(is_name(source.name), Exit::usage,
            "{}: the name '{}' must have 1 to {} letters, digits, '.', '_' and '-', and begin with "
            "a letter or digit",
            at(*table.get("name")), source.name, longest_name);
    source.licence = text_of(table, "licence", "unknown");
    source.text_field = text_of(table, "text_field", "text");
    source.prompt_field = text_of(table, "prompt_field", "");
    source.generation = generation_of(table);
    source.inputs = inputs_of(table);
    require(names_.insert({source.generation, source.name}).second, Exit::usage,
            "{}: a second source '{}' in generation {}: give it another name", at(table),
            source.name, source.generation);
    recipe_.sources.push_back(std::move(source));
  }

  std::string text_of(const toml::table& table, std::string_view key, const char* otherwise) const {
    const toml::node* const node = table.get(key);
    require(node != nullptr || otherwise != nullptr, Exit::usage, "{}: a source needs a {}",
            at(table), key);
    return node != nullptr ? text_of(*node, key) : otherwise;
  }

  std::string text_of(const toml::node& node, std::string_view key) const {
    const auto text = node.value_exact<std::string>();
    require(text && !text->empty() && text->find('\0') == std::string::npos, Exit::usage,
            "{}: {} must be text, not empty and without NULs", at(node), key);
    return *text;
  }

  int generation_of(const toml::table& table) const {
    const toml::node* const node = table.get("generation");
    if (node == nullptr) return 0;
    const auto number = node->value_exact<std::int64_t>();
    require(number && *number >= 0 && *number < 1'000'000, Exit::usage,
            "{}: generation must be an integer from 0", at(*node));
    return static_cast<int>(*number);
  }

  std::vector<std::string> inputs_of(const toml::table& table) const {
    const toml::node* const node = table.get("inputs");
    require(node != nullptr, Exit::usage, "{}: a source needs inputs", at(table));
    std::vector<std::string> inputs;
    if (const toml::array* const list = node->as_array()) {
      for (const toml::node& input : *list) inputs.push_back(input_of(input));
    } else {
      inputs.push_back(input_of(*node));
    }
    require(!inputs.empty(), Exit::usage, "{}: inputs is empty: name files, folders or globs",
            at(*node));
    return inputs;
  }

  std::string input_of(const toml::node& node) const {
    const std::string input = text_of(node, "inputs");
    return input == standard_input ? input : (folder_ / input).string();
  }

  void check_generations(const toml::node& list) const {
    int expected = 0;
    for (const auto& [generation, name] : names_) {
      require(generation <= expected, Exit::usage,
              "{}: there is a generation {} and none {}: generations count from 0 without a gap",
              at(list), generation, expected);
      expected = generation + 1;
    }
  }

  const fs::path& folder_;
  const std::string& name_;
  Recipe recipe_;
  std::set<std::pair<int, std::string>> names_;
};

}  // namespace

Recipe parse_recipe(std::string_view text, const fs::path& folder, const std::string& name) {
  return RecipeParser(folder, name).parse(text);
}

Recipe read_recipe(const fs::path& file) {
  std::error_code ignored;
  require(fs::is_regular_file(file, ignored), Exit::usage, "there is no recipe '{}'",
          file.string());
  return parse_recipe(durable::read_file(file, largest_recipe), file.parent_path(), file.string());
}

}  // namespace switchyard::prepare
