#include "launch/config/config_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>
#include <type_traits>

#include "launch/config/config_readers.h"
#include "launch/host/home.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

template <class T>
constexpr bool is_list = std::is_same_v<T, std::vector<std::int64_t>>;
template <class T>
constexpr bool is_texts = std::is_same_v<T, std::vector<std::string>>;
template <class T>
constexpr bool is_weights = std::is_same_v<T, SourceWeights>;
template <class T>
constexpr bool is_sets = std::is_same_v<T, NamedSets>;
template <class T>
constexpr bool is_ramp = std::is_same_v<T, BatchRamp>;
template <class T>
constexpr bool is_phases = std::is_same_v<T, DataPhases>;
template <class T>
constexpr bool is_integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <class T>
std::string type_text() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::string>) return "text without control characters, in UTF-8";
  if constexpr (is_list<T>) return "a list of integers";
  if constexpr (is_texts<T>) return "a list of texts without control characters, in UTF-8";
  if constexpr (is_weights<T>) return "a table of numbers";
  if constexpr (is_sets<T>) return "a table of lists of integers";
  if constexpr (is_ramp<T>) return "a list of [step, sequences], both integers";
  if constexpr (is_phases<T>)
    return "a table of phases, each { from = STEP, weights = { SOURCE = NUMBER } } with numbers";
  return is_integer<T> ? "an integer" : "a number";
}

bool is_boolean(std::string_view name) { return name == "true" || name == "false"; }

std::string named_text(std::string_view name) {
  return is_boolean(name) ? std::string(name) : fmt::format("\"{}\"", name);
}

std::string allowed_text(const ConfigKey& key) {
  if (const auto* named = std::get_if<NamedValue>(&key.target)) {
    std::vector<std::string> names;
    for (const std::string_view name : named->names()) names.push_back(named_text(name));
    return fmt::format("{}", fmt::join(names, " or "));
  }
  const std::string type = std::visit(
      [](auto target) { return type_text<std::remove_pointer_t<decltype(target)>>(); }, key.target);
  if (const auto* range = std::get_if<Range>(&key.allowed)) {
    return fmt::format("{} from {} to {}", type, range->low, range->high);
  }
  if (std::holds_alternative<Path>(key.allowed))
    return type + ", which may begin with ~/ for your home directory, but not with ~NAME";
  return std::holds_alternative<AutoOrCount>(key.allowed) ? "\"auto\" or a positive integer" : type;
}

// Returns nothing if the value has another type or is not allowed.
template <class T>
std::optional<T> read_value(const ConfigKey& key, const toml::node& node) {
  if constexpr (std::is_same_v<T, bool>) {
    return node.value_exact<bool>();
  } else if constexpr (is_list<T>) {
    return read_list(key, node);
  } else if constexpr (is_texts<T>) {
    return read_texts(key, node);
  } else if constexpr (is_ramp<T>) {
    return read_ramp(key, node);
  } else if constexpr (is_phases<T>) {
    return read_phases(key, node);
  } else if constexpr (is_sets<T>) {
    if (!node.is_table()) return std::nullopt;
    T sets;
    for (const auto& [name, list] : *node.as_table()) {
      const auto set = read_list(key, list);
      if (!set) return std::nullopt;
      sets[std::string(name.str())] = *set;
    }
    return sets;
  } else if constexpr (is_weights<T>) {
    T weights;
    const bool allowed = node.is_table() && read_weights(key, *node.as_table(), "", weights);
    return allowed ? std::optional(weights) : std::nullopt;
  } else if constexpr (std::is_same_v<T, std::string>) {
    auto text = node.value_exact<std::string>();
    if (!text && node.is_integer() && std::holds_alternative<AutoOrCount>(key.allowed)) {
      text = std::to_string(**node.as_integer());
    }
    if (!text || !text_allowed(key, *text)) return std::nullopt;
    return std::holds_alternative<Path>(key.allowed) ? expanded_home(*text) : text;
  } else {
    const auto value = is_integer<T> && !node.is_integer() ? std::nullopt : node.value<double>();
    if (!value || !node.is_number() || !in_range(key, *value)) return std::nullopt;
    return static_cast<T>(*value);
  }
}

// Returns false if the value is not allowed.
template <class T>
bool read_into(T* target, const ConfigKey& key, const toml::node& node) {
  const std::optional<T> value = read_value<T>(key, node);
  if (value) *target = *value;
  return value.has_value();
}

bool read_into(const NamedValue& target, const ConfigKey&, const toml::node& node) {
  if (const auto boolean = node.value_exact<bool>()) return target.set(*boolean ? "true" : "false");
  const auto name = node.value_exact<std::string>();
  return name && target.set(*name);
}

std::string node_text(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& concrete) { text << concrete; });
  return text.str();
}

std::string number_text(double value, std::string text) {
  const bool is_float = text.find_first_of(".en") != std::string::npos;  // also inf and nan
  return is_float || value != value ? text : text + ".0";
}

std::string list_text(const std::vector<std::int64_t>& list) {
  return fmt::format("[{}]", fmt::join(list, ", "));
}

// { web = 0.5, 'my.code' = 2.0 }
template <class Table, class TextOf>
std::string table_text(const Table& table, TextOf text_of) {
  if (table.empty()) return "{}";
  std::vector<std::string> entries;
  for (const auto& [name, value] : table) {
    const bool is_bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    });
    entries.push_back(
        fmt::format("{} = {}", is_bare ? name : node_text(toml::value(name)), text_of(value)));
  }
  return fmt::format("{{ {} }}", fmt::join(entries, ", "));
}

std::string weights_text(const SourceWeights& weights) {
  return table_text(weights,
                    [](double weight) { return number_text(weight, fmt::format("{}", weight)); });
}

}  // namespace

void set_value(const ConfigKey& key, const toml::node& node, const std::string& where) {
  const bool allowed =
      std::visit([&](auto target) { return read_into(target, key, node); }, key.target);
  require(allowed, Exit::usage, "{}: {} = {} is not allowed: it must be {}", where, key.name,
          node_text(node), allowed_text(key));
}

void set_value_from_text(const ConfigKey& key, const std::string& text) {
  const std::string where = fmt::format("--set {}={}", key.name, text);
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  const bool is_text = std::holds_alternative<std::string*>(key.target) ||
                       std::holds_alternative<NamedValue>(key.target);
  if (is_text && !quoted) {
    set_value(key, toml::value<std::string>(text), where);
    return;
  }
  try {
    const toml::table table = toml::parse("value = " + text);
    if (table.size() == 1) return set_value(key, *table.get("value"), where);
  } catch (const toml::parse_error&) {  // reported below
  }
  fail(Exit::usage, "{}: this is not a TOML value: it must be {}", where, allowed_text(key));
}

void set_entry_from_text(const ConfigKey& key, const std::string& name, const std::string& text) {
  if (auto* const* phases = std::get_if<DataPhases*>(&key.target)) {
    DataPhases one;
    set_value_from_text({key.name, &one, key.allowed, key.resume, key.doc},
                        fmt::format("{{ {} = {} }}", node_text(toml::value(name)), text));
    for (auto& [phase_name, phase] : one) (**phases)[phase_name] = std::move(phase);
    return;
  }
  const std::string full_name = fmt::format("{}.{}", key.name, name);
  const auto set = [&](auto& table) {
    typename std::remove_reference_t<decltype(table)>::mapped_type entry{};
    set_value_from_text({full_name, &entry, key.allowed, key.resume, key.doc}, text);
    table[name] = entry;
  };
  if (auto* const* weights = std::get_if<SourceWeights*>(&key.target)) return set(**weights);
  set(*std::get<NamedSets*>(key.target));
}

std::string choices_text(const ConfigKey& key) {
  const auto* named = std::get_if<NamedValue>(&key.target);
  return named == nullptr ? "" : fmt::format("{}", fmt::join(named->names(), ", "));
}

std::string value_text(const ConfigKey& key) {
  return std::visit(
      [&](auto target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, NamedValue>) {
          const std::string name(target.name());
          return is_boolean(name) ? name : node_text(toml::value<std::string>(name));
        } else if constexpr (std::is_same_v<T, std::string>) {
          if (std::holds_alternative<AutoOrCount>(key.allowed) && is_count(*target)) return *target;
          return node_text(toml::value<std::string>(*target));
        } else if constexpr (is_list<T>) {
          return list_text(*target);
        } else if constexpr (is_texts<T>) {
          std::vector<std::string> quoted;
          for (const std::string& text : *target)
            quoted.push_back(node_text(toml::value<std::string>(text)));
          return fmt::format("[{}]", fmt::join(quoted, ", "));
        } else if constexpr (is_weights<T>) {
          return weights_text(*target);
        } else if constexpr (is_ramp<T>) {
          std::vector<std::string> pairs;
          for (const auto& [step, sequences] : *target)
            pairs.push_back(fmt::format("[{}, {}]", step, sequences));
          return fmt::format("[{}]", fmt::join(pairs, ", "));
        } else if constexpr (is_phases<T>) {
          return table_text(*target, [](const DataPhase& phase) {
            return fmt::format("{{ from = {}, weights = {} }}", phase.from,
                               weights_text(phase.weights));
          });
        } else if constexpr (is_sets<T>) {
          return table_text(*target, list_text);
        } else if constexpr (std::is_floating_point_v<T>) {
          return number_text(static_cast<double>(*target), fmt::format("{}", *target));
        } else {
          return fmt::format("{}", *target);
        }
      },
      key.target);
}

}  // namespace switchyard
