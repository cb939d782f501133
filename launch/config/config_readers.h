// Reads lists and tables of a config from a TOML node, element by element.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/files/toml.h"
#include "launch/config/config_table.h"

namespace switchyard {

// Whether the key allows this number, or text, as its value or an element of it.
bool in_range(const ConfigKey& key, double value);
bool text_allowed(const ConfigKey& key, const std::string& text);
bool is_count(const std::string& text);  // a positive integer

// All return nothing if the node has another form, or an element is not allowed.
std::optional<std::vector<std::int64_t>> read_list(const ConfigKey& key, const toml::node& node);
std::optional<std::vector<std::string>> read_texts(const ConfigKey& key, const toml::node& node);
std::optional<BatchRamp> read_ramp(const ConfigKey& key, const toml::node& node);
std::optional<DataPhases> read_phases(const ConfigKey& key, const toml::node& node);

// Adds the numbers of a table by name; a nested table makes a name with a dot. Returns false if a
// number is not allowed.
bool read_weights(const ConfigKey& key, const toml::table& table, const std::string& prefix,
                  SourceWeights& weights);

}  // namespace switchyard
