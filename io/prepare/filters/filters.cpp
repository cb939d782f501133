#include "io/prepare/filters/filters.h"

#include <fmt/ranges.h>

#include "io/prepare/filters/filter_rules.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

struct NamedFilter {
  const char* name;
  std::unique_ptr<Filter> (*make)();
};

constexpr NamedFilter filters[] = {{"gopher-quality", make_gopher_quality},
                                   {"gopher-repetition", make_gopher_repetition},
                                   {"c4", make_c4},
                                   {"c4-no-punctuation", make_c4_no_punctuation},
                                   {"fineweb", make_fineweb}};

}  // namespace

std::unique_ptr<Filter> make_filter(const std::string& name) {
  for (const NamedFilter& filter : filters) {
    if (name == filter.name) return filter.make();
  }
  fail(Exit::usage, "there is no filter '{}': choose from {}", name,
       fmt::join(filter_names(), ", "));
}

std::vector<std::string> filter_names() {
  std::vector<std::string> names;
  for (const NamedFilter& filter : filters) names.emplace_back(filter.name);
  return names;
}

}  // namespace switchyard::prepare
