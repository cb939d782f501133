// The table of config keys: what each sets, what it allows and what it means. Parsing, --set,
// printing and --resume read it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "launch/config/config.h"
#include "runtime/names.h"

namespace switchyard {

struct Anything {};  // of its type; text: of one line
struct Lines {};     // text of any number of lines
struct Range {
  double low, high;  // both allowed
};
struct AutoOrCount {};  // text: "auto" or a positive integer
struct Path {};         // text of one line; ~/ at its beginning is the home directory
using Allowed = std::variant<Anything, Lines, Range, AutoOrCount, Path>;

// The value of some enum that has names (runtime/names.h). The names "true" and "false" are TOML's
// booleans. synonym: another name of `meant`, which is read and not printed.
class NamedValue {
 public:
  template <HasNames Enum>
  NamedValue(Enum* value, std::string_view synonym = {}, Enum meant = {})
      : names_(names_of<Enum>),
        name_([value] { return name_of(*value); }),
        set_([=](std::string_view name) {
          const bool other = !synonym.empty() && name == synonym;
          const std::optional<Enum> named = other ? meant : value_named<Enum>(name);
          if (named) *value = *named;
          return named.has_value();
        }) {}

  std::span<const std::string_view> names() const { return names_; }
  std::string_view name() const { return name_(); }
  bool set(std::string_view name) const { return set_(name); }  // false: no value has this name

 private:
  std::span<const std::string_view> names_;
  std::function<std::string_view()> name_;
  std::function<bool(std::string_view)> set_;
};

using Target = std::variant<bool*, int*, std::int64_t*, float*, double*, std::string*, NamedValue,
                            std::vector<std::int64_t>*, std::vector<std::string>*, SourceWeights*,
                            NamedSets*, BatchRamp*, DataPhases*>;

// Whether a resumed run may change a key: a fixed one has one value for the life of a run.
enum class Resume : std::uint8_t { free, fixed };

struct ConfigKey {
  std::string_view name;  // "train.steps"
  Target target;          // within the Config that config_keys was given
  Allowed allowed;        // for lists and tables, of each element
  Resume resume;
  std::string_view doc;  // one line
};

// All keys, table by table, in the order in which they are printed.
std::vector<ConfigKey> config_keys(Config& config);

// Returns the known name with the smallest edit distance to `name`.
std::string_view nearest_key(const std::vector<ConfigKey>& keys, std::string_view name);

}  // namespace switchyard
