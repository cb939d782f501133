// One config value: from a TOML node, with every check, and back to TOML text.
#pragma once

#include <string>

#include "io/files/toml.h"
#include "launch/config/config_table.h"

namespace switchyard {

// Sets the key's target. Errors: Exit::usage if the node has another type or a value that is not
// allowed; `where` names its source ("tiny.toml, line 4").
void set_value(const ConfigKey& key, const toml::node& node, const std::string& where);

// As set_value, from the text after --set key=; text values need no quotes.
void set_value_from_text(const ConfigKey& key, const std::string& text);

// Sets one entry of a key that is a table and leaves the others: --set key.name=text.
void set_entry_from_text(const ConfigKey& key, const std::string& name, const std::string& text);

// What the key may be, where it is one of a few; else empty.
std::string choices_text(const ConfigKey& key);

// As TOML. Floating-point numbers in the shortest form that reads back the same.
std::string value_text(const ConfigKey& key);

}  // namespace switchyard
