#include "launch/config/config_readers.h"

#include "io/text/escape.h"

namespace switchyard {
namespace {

std::optional<DataPhase> read_phase(const ConfigKey& key, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr || table->size() != 2) return std::nullopt;
  const toml::node *from = table->get("from"), *weights = table->get("weights");
  if (from == nullptr || weights == nullptr || !weights->is_table()) return std::nullopt;
  const auto step = from->value_exact<std::int64_t>();
  DataPhase phase;
  if (!step || !read_weights(key, *weights->as_table(), "", phase.weights)) return std::nullopt;
  phase.from = *step;
  return phase;
}

}  // namespace

bool in_range(const ConfigKey& key, double value) {
  const auto* range = std::get_if<Range>(&key.allowed);
  return range == nullptr || (value >= range->low && value <= range->high);  // false for NaN
}

bool is_count(const std::string& text) {
  return !text.empty() && text.size() < 8 && text[0] != '0' &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

bool text_allowed(const ConfigKey& key, const std::string& text) {
  if (std::holds_alternative<AutoOrCount>(key.allowed)) return text == "auto" || is_count(text);
  return std::holds_alternative<Lines>(key.allowed) ? text.find('\0') == std::string::npos
                                                    : terminal_text(text) == text;
}

bool read_weights(const ConfigKey& key, const toml::table& table, const std::string& prefix,
                  SourceWeights& weights) {
  for (const auto& [name, node] : table) {
    const std::string full_name = prefix + std::string(name.str());
    if (const toml::table* nested = node.as_table()) {
      if (!read_weights(key, *nested, full_name + ".", weights)) return false;
      continue;
    }
    const auto value = node.value<double>();
    if (!value || !node.is_number() || !in_range(key, *value)) return false;
    weights[full_name] = *value;
  }
  return true;
}

std::optional<std::vector<std::int64_t>> read_list(const ConfigKey& key, const toml::node& node) {
  if (!node.is_array()) return std::nullopt;
  std::vector<std::int64_t> list;
  for (const toml::node& element : *node.as_array()) {
    const auto value = element.value_exact<std::int64_t>();
    if (!value || !in_range(key, static_cast<double>(*value))) return std::nullopt;
    list.push_back(*value);
  }
  return list;
}

std::optional<BatchRamp> read_ramp(const ConfigKey& key, const toml::node& node) {
  if (!node.is_array()) return std::nullopt;
  BatchRamp ramp;
  for (const toml::node& element : *node.as_array()) {
    const auto pair = read_list(key, element);
    if (!pair || pair->size() != 2) return std::nullopt;
    ramp.push_back({pair->front(), pair->back()});
  }
  return ramp;
}

std::optional<DataPhases> read_phases(const ConfigKey& key, const toml::node& node) {
  if (!node.is_table()) return std::nullopt;
  DataPhases phases;
  for (const auto& [name, entry] : *node.as_table()) {
    const std::optional<DataPhase> phase = read_phase(key, entry);
    if (!phase) return std::nullopt;
    phases[std::string(name.str())] = *phase;
  }
  return phases;
}

std::optional<std::vector<std::string>> read_texts(const ConfigKey& key, const toml::node& node) {
  if (!node.is_array()) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& element : *node.as_array()) {
    const auto text = element.value_exact<std::string>();
    if (!text || !text_allowed(key, *text)) return std::nullopt;
    list.push_back(*text);
  }
  return list;
}

}  // namespace switchyard
