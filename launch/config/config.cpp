#include "launch/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "io/files/durable.h"
#include "launch/config/config_problems.h"
#include "launch/config/config_table.h"
#include "launch/config/config_values.h"
#include "launch/config/key_suggestion.h"
#include "launch/config/retired_keys.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t max_config_bytes = 1 << 20;

bool is_table(const ConfigKey& key) {
  return std::holds_alternative<SourceWeights*>(key.target) ||
         std::holds_alternative<NamedSets*>(key.target) ||
         std::holds_alternative<DataPhases*>(key.target);
}

const ConfigKey& find_key(const std::vector<ConfigKey>& keys, const std::string& name,
                          const std::string& where) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const ConfigKey& key) { return key.name == name; });
  require(found != keys.end(), Exit::usage, "{}: unknown key {}{}", where, name,
          did_you_mean(keys, name));
  return *found;
}

// Returns the key whose value is a table with the entry `name`, or nullptr.
const ConfigKey* find_table(const std::vector<ConfigKey>& keys, const std::string& name) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) {
    return is_table(key) && name.starts_with(std::string(key.name) + ".");
  });
  return found == keys.end() ? nullptr : &*found;
}

std::string text_of(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

void apply_table(const std::vector<ConfigKey>& keys, const toml::table& table,
                 const std::string& prefix, const std::string& name, ConfigProblems& problems) {
  std::vector<std::pair<std::string, const toml::node*>> entries;  // in the order of the text
  for (const auto& [key, node] : table)
    entries.emplace_back(prefix + std::string(key.str()), &node);
  std::ranges::stable_sort(entries, {},
                           [](const auto& e) { return e.second->source().begin.line; });
  for (const auto& entry : entries) {
    const std::string& full_name = entry.first;
    const toml::node& node = *entry.second;
    const bool whole = std::any_of(keys.begin(), keys.end(), [&](const ConfigKey& known) {
      return known.name == full_name && is_table(known);
    });
    if (const toml::table* nested = node.as_table(); nested != nullptr && !whole) {
      apply_table(keys, *nested, full_name + ".", name, problems);
      continue;
    }
    const std::string where = fmt::format("{}, line {}", name, node.source().begin.line);
    problems.note([&] {
      if (skips_retired_key(full_name, text_of(node), where)) return;
      set_value(find_key(keys, full_name, where), node, where);
    });
  }
}

void apply_text(Config& config, const std::string& text, const std::string& name,
                ConfigProblems& problems) {
  problems.note([&] {
    try {
      apply_table(config_keys(config), toml::parse(text), "", name, problems);
    } catch (const toml::parse_error& error) {
      fail(Exit::usage, "{}, line {}: {}", name, error.source().begin.line, error.description());
    }
  });
}

void apply_file(Config& config, const std::filesystem::path& path, ConfigProblems& problems) {
  std::error_code unreadable;  // reading it says why
  require(std::filesystem::exists(path, unreadable) || unreadable, Exit::usage,
          "there is no config file {}", path.string());
  std::string text;
  try {
    text = durable::read_file(path, max_config_bytes);
  } catch (const Error& error) {
    fail(Exit::usage, "{}", error.what());  // a config that cannot be read is an error of usage
  }
  apply_text(config, text, path.string(), problems);
}

void apply_set(const std::vector<ConfigKey>& keys, const std::string& set) {
  const std::size_t equals = set.find('=');
  require(equals != std::string::npos, Exit::usage, "--set {}: write it as --set key=value", set);
  const std::string value = set.substr(equals + 1);
  std::string name = set.substr(0, equals);
  while (name.ends_with(' ')) name.pop_back();  // --set "train.steps = 20"
  if (const ConfigKey* table = find_table(keys, name)) {
    set_entry_from_text(*table, name.substr(table->name.size() + 1), value);
  } else {
    set_value_from_text(find_key(keys, name, "--set " + set), value);
  }
}

void apply_sets(Config& config, const std::vector<std::string>& sets, ConfigProblems& problems) {
  const std::vector<ConfigKey> keys = config_keys(config);
  for (const std::string& set : sets) problems.note([&] { apply_set(keys, set); });
}

// What differs between two configs. `say` gives the line about a key and its two values, or
// nothing.
std::vector<std::string> differences(
    const Config& one, const Config& other,
    const std::function<std::string(const ConfigKey&, const std::string&, const std::string&)>&
        say) {
  Config first = one, second = other;
  const std::vector<ConfigKey> keys = config_keys(first), other_keys = config_keys(second);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string value = value_text(keys[i]), other_value = value_text(other_keys[i]);
    if (value == other_value) continue;
    if (std::string line = say(keys[i], value, other_value); !line.empty())
      lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> changed_keys(const Config& before, const Config& after, Resume kind) {
  return differences(
      before, after, [&](const ConfigKey& key, const std::string& was, const std::string& is) {
        return key.resume == kind ? fmt::format("{} (was {}, is {})", key.name, was, is) : "";
      });
}

// Keys of [router] that say what a trained model computes; the others say how it is trained.
constexpr std::string_view router_keys_of_model[] = {
    "router.gate",          "router.top_k",
    "router.scale",         "router.groups",
    "router.group_experts", "router.groups_per_token",
    "router.normalize",     "router.allow_future_tokens"};

// weights: what a model was trained with. Adapters are part of its function once it has some.
// Modules of multi-token prediction serve training alone.
bool is_of_model(const ConfigKey& key, const Config& weights) {
  if (key.name.starts_with("model."))
    return key.name != "model.init_std" && key.name != "model.mtp_depth";
  if (key.name.starts_with("low_rank.")) return true;
  if (key.name.starts_with("adapter."))
    return weights.model.adapter.rank > 0 && key.name != "adapter.train";
  return std::ranges::find(router_keys_of_model, key.name) != std::end(router_keys_of_model);
}

}  // namespace

void apply_toml(Config& config, const std::string& text, const std::string& name) {
  ConfigProblems problems;
  apply_text(config, text, name, problems);
  problems.report();
}

Config load_config(const ConfigSources& sources, const Config& defaults) {
  Config config = defaults;
  ConfigProblems problems;
  for (const auto& file : {sources.site_file, sources.file}) {
    if (file) problems.note([&] { apply_file(config, *file, problems); });
  }
  apply_sets(config, sources.sets, problems);
  problems.report();
  return config;
}

void apply_run_sets(Config& config, const std::vector<std::string>& sets) {
  for (const std::string& set : sets) {
    require(set.starts_with("run."), Exit::usage,
            "--set {}: this command takes only keys of [run], as in --set run.device=cuda", set);
  }
  ConfigProblems problems;
  apply_sets(config, sets, problems);
  problems.report();
}

std::string print_config(const Config& config, Docs docs) {
  Config copy = config;
  std::string text, table;
  for (const ConfigKey& key : config_keys(copy)) {
    const std::string full_name(key.name);
    const std::size_t dot = full_name.find('.');
    if (full_name.substr(0, dot) != table) {
      table = full_name.substr(0, dot);
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", table);
    }
    const std::string line = fmt::format("{} = {}", full_name.substr(dot + 1), value_text(key));
    const std::string choices = choices_text(key);
    text += docs == Docs::yes ? fmt::format("{:<34}  # {}{}{}\n", line, key.doc,
                                            choices.empty() ? "" : ": ", choices)
                              : line + "\n";
  }
  return text;
}

Config defaults_for_model(const Config& of) {
  Config source = of, config;
  std::string text;
  for (const ConfigKey& key : config_keys(source)) {
    if (is_of_model(key, of)) text += fmt::format("{} = {}\n", key.name, value_text(key));
  }
  apply_toml(config, text, "the model's config");
  return config;
}

std::vector<std::string> unlike_model_keys(const Config& config, const Config& weights) {
  return differences(
      config, weights, [&](const ConfigKey& key, const std::string& is, const std::string& other) {
        return is_of_model(key, weights) ? fmt::format("{} (is {}, there {})", key.name, is, other)
                                         : "";
      });
}

std::vector<std::string> changed_fixed_keys(const Config& before, const Config& after) {
  return changed_keys(before, after, Resume::fixed);
}

std::vector<std::string> changed_free_keys(const Config& before, const Config& after) {
  Config moved = before;
  moved.run.directory = after.run.directory;
  return changed_keys(moved, after, Resume::free);
}

}  // namespace switchyard
