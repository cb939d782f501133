// Reads a config value from a TOML node, with every check, and prints it as TOML.
#pragma once

#include <string>

#include "io/files/toml.h"
#include "launch/config/config_table.h"

namespace switchyard {

// Sets the key's target. Errors: Exit::usage if the node has another type or a value that is not
// allowed; `where` names its source ("tiny.toml, line 4").
void set_value(const ConfigKey& key, const toml::node& node, const std::string& where);

// Like set_value, from the text after `--set key=`. Text values need no quotes.
void set_value_from_text(const ConfigKey& key, const std::string& text);

// Sets one entry of a key whose value is a table, and keeps the others: --set key.name=text.
void set_entry_from_text(const ConfigKey& key, const std::string& name, const std::string& text);

// The names that the key chooses from, separated by commas; empty for a key of another type.
std::string choices_text(const ConfigKey& key);

// The value as TOML. A floating-point number has the shortest form that reads back as itself.
std::string value_text(const ConfigKey& key);

}  // namespace switchyard
